import { BpmnModdle } from 'bpmn-moddle';
import { describe, expect, test } from 'vitest';
import { reviver } from '../../src/modeler/canvas/clipboard.js';
import { leftOut, newerNamespaces } from '../../src/modeler/files/imports.js';
import { blocks, inline } from '../../src/modeler/panel/markdown.js';
import { callable } from '../../src/modeler/panel/process.js';
import { cleaned, matching } from '../../src/modeler/panel/inputs.js';
import { DESCRIPTOR } from '../../src/modeler/schema.js';
import { isNamed } from '../../src/modeler/metadata.js';
import { completeness, firstText, nameIn, textIn, withText } from '../../src/modeler/texts.js';
import { Vocabulary } from '../../src/modeler/vocabulary.js';
import { translator } from '../../src/modeler/words/translate.js';

const moddle = new BpmnModdle({ run: DESCRIPTOR });
const text = (lang, value) => moddle.create('run:Text', { lang, value });

describe('texts in languages', () => {
  const list = [text('en', 'Walk'), text('fr', 'Marcher')];

  test('one language is replaced and the others are the same objects', () => {
    const after = withText(list, 'fr', 'Aller', text);
    expect(after.map((each) => each.get('value'))).toEqual(['Walk', 'Aller']);
    expect(after[0]).toBe(list[0]);
    expect(textIn(list, 'fr')).toBe('Marcher');
  });

  test('a new one comes last, a blank one goes', () => {
    expect(withText(list, 'es', 'Andar', text).map((each) => each.get('lang'))).toEqual(['en', 'fr', 'es']);
    expect(withText(list, 'en', '  ', text).map((each) => each.get('lang'))).toEqual(['fr']);
    expect(withText(undefined, 'es', '', text)).toEqual([]);
  });

  test('the first language that has a text is shown, else any', () => {
    expect(firstText(list, ['es', 'fr'])).toBe('Marcher');
    expect(firstText(list, ['es'])).toBe('Walk');
    expect(firstText(undefined, ['en'])).toBe('');
  });

  test('texts are counted where any language has one, those of lists too', () => {
    const task = moddle.create('run:Task', {
      title: list, outcome: [text('en', ' ')], criterion: [moddle.create('run:Item', { id: 'a', label: [text('en', 'Seen')] })]
    });
    expect(completeness([task], ['en', 'fr', 'es'])).toEqual({ total: 2, counts: { en: 2, fr: 1, es: 0 } });
  });
});

describe('names of elements', () => {
  const label = (...names) => moddle.create('bpmn:ExtensionElements', { values: [moddle.create('run:Label', { name: names })] });
  const gateway = moddle.create('bpmn:ExclusiveGateway', { id: 'g', name: 'Enough?', extensionElements: label(text('fr', 'Assez ?'), text('en', 'ignored')) });

  test('the language of the service is BPMN’s own name, the others are translations', () => {
    expect(['en', 'fr', 'es'].map((code) => nameIn(gateway, code, 'en'))).toEqual(['Enough?', 'Assez ?', '']);
    expect(nameIn(gateway, 'fr', 'fr')).toBe('Enough?');
  });

  test('they are counted as one text, not twice', () => {
    expect(completeness(gateway.extensionElements.values, ['en', 'fr', 'es'], [gateway], 'en')).toEqual({ total: 1, counts: { en: 1, fr: 1, es: 0 } });
  });

  test('a task with a card has its title instead, data keeps its name', () => {
    const task = moddle.create('bpmn:UserTask', { id: 't', extensionElements: moddle.create('bpmn:ExtensionElements', { values: [moddle.create('run:Task', {})] }) });
    expect([gateway, moddle.create('bpmn:SequenceFlow'), moddle.create('bpmn:Lane'), moddle.create('bpmn:CallActivity'), task, moddle.create('bpmn:DataObject')].map(isNamed))
      .toEqual([true, true, true, true, false, false]);
  });
});

test('a call offers the drawn processes of the file that do not lead back', async () => {
  const process = (id, inner) => `<process id="${id}">${inner}</process>`;
  const xml = `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">${process('main', '<callActivity id="a" />')}${process('empty', '')}
    ${process('back', '<subProcess id="s"><callActivity id="b" calledElement="main" /></subProcess>')}${process('round', '<callActivity id="c" calledElement="round" />')}
    ${process('good', '<callActivity id="d" calledElement="elsewhere" />')}</definitions>`;
  const { rootElement } = await moddle.fromXML(xml);
  const [main] = rootElement.rootElements;
  expect(callable(rootElement, main).map(({ id }) => id)).toEqual(['round', 'good']);
});

describe('Markdown', () => {
  test('headings, lists and paragraphs are told apart', () => {
    expect(blocks('## Before\nAsk.\nTwice.\n\n1. Write\n   it large\n2. Post\n- a').map(({ tag, text: words, items }) => [tag, words ?? items])).toEqual([
      ['h3', 'Before'], ['p', 'Ask. Twice.'], ['ol', ['Write it large', 'Post']], ['ul', ['a']]
    ]);
  });

  test('only web and mail addresses become links, and no HTML is read', () => {
    expect(inline('**two** <b>x</b> [a](https://b.c) [d](javascript:e)')).toEqual([['strong', 'two'], ' <b>x</b> ', ['a', 'a', 'https://b.c'], ' [d](javascript:e)']);
  });
});

describe('choosing by name', () => {
  const options = [{ value: 'MOTO.KM', words: 'Kilomètre à moto', detail: 'MOTO.KM' }, { value: 'WATER', words: 'Eau', detail: '' }];

  test('accents and order of the words do not matter, codes are found too', () => {
    expect(matching(options, 'moto kilometre').map(({ value }) => value)).toEqual(['MOTO.KM']);
    expect(matching(options, 'wat').map(({ value }) => value)).toEqual(['WATER']);
    expect(cleaned('Élève')).toBe('eleve');
  });

  test('a vocabulary speaks the language and knows the unit of an item', () => {
    const known = new Vocabulary('fr', { items: [{ code: 'MOTO.KM', names: { fr: 'Moto', en: 'Motorbike' }, unit: 'KMT' }], units: [{ code: 'KMT', names: { fr: 'km' } }] });
    expect(known.options('item')).toEqual([{ value: 'MOTO.KM', words: 'Moto', detail: 'MOTO.KM · km', unit: 'KMT' }]);
    expect(known.itemUnit('MOTO.KM')).toBe('KMT');
    expect(known.words('item', 'OTHER')).toBe('OTHER');
    expect(known.options('skill')).toBe(null);
  });
});

test('places are filled, and what has no translation is remembered', () => {
  const t = translator('fr', { 'By %(who)s': 'Par %(who)s', 'Open {element}': 'Ouvrir {element}' });
  expect(t('By %(who)s', { who: 'Afi' })).toBe('Par Afi');
  expect(t('Open {element}', { element: 'x' })).toBe('Ouvrir x');
  expect(t('New')).toBe('New');
});

test('metadata of another version of the schema is noticed', () => {
  const uri = DESCRIPTOR.uri;
  expect(newerNamespaces(`<a xmlns:run="${uri}" />`, uri)).toEqual([]);
  expect(newerNamespaces('<a xmlns:r2="https://w3id.org/run-services/bpmn/2.0" />', uri)).toEqual(['https://w3id.org/run-services/bpmn/2.0']);
  expect(leftOut([{ message: 'unparsable content <run:risk> detected' }])).toBe(true);
  expect(leftOut([{ message: 'unresolved reference <x>' }])).toBe(false);
});

test('what is copied to another tab is the same there', () => {
  const task = moddle.create('bpmn:UserTask', { id: 'a', name: 'Walk', extensionElements: moddle.create('bpmn:ExtensionElements', { values: [moddle.create('run:Task', { skill: 'ANIM', title: [text('en', 'Walk')] })] }) });
  const back = JSON.parse(JSON.stringify({ 0: [{ id: 'a', businessObject: task }] }), reviver(moddle))[0][0].businessObject;
  expect(back.$instanceOf('bpmn:Activity')).toBe(true);
  const [card] = back.extensionElements.values;
  expect(card.get('skill')).toBe('ANIM');
  expect(card.get('title')[0].get('value')).toBe('Walk');
  expect(card.$parent).toBe(back.extensionElements);
});
