/** What BPMN itself says of an element and we execute: conditions, times, messages, repetition, calls, scripts. */
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { html } from 'diagram-js/lib/ui';
import { definitionsOf, isNamed } from '../metadata.js';
import { MessageCard, Repetitions, fields } from './cards.js';
import { usePanel } from './context.js';
import { useFieldId } from './ids.js';
import { FeelInput } from './feel.js';
import { SchemaField } from './fields.js';
import { Group } from './group.js';
import { Checkbox, Field, NumberInput, Select, TextArea, TextInput } from './inputs.js';
import { useDraft } from './draft.js';

/** A property of BPMN that is an expression: condition, timer, completion. */
function Expression({ of, name, type = 'bpmn:FormalExpression', feelKind, ...rest }) {
  const { metadata, element } = usePanel();
  const commit = (text) => metadata.run(element, [[of, { [name]: metadata.expression(text, of, type) }]]);
  return html`<${FeelInput} ...${rest} kind=${feelKind ?? 'condition'} value=${of.get(name)?.get('body')} commit=${commit} />`;
}

function Attribute({ of, name, control = TextInput, ...rest }) {
  const { metadata, element } = usePanel();
  const commit = (value) => metadata.run(element, [[of, { [name]: value === '' ? undefined : value }]]);
  return html`<${control} ...${rest} value=${of.get(name)} commit=${commit} />`;
}

// names

/** What the canvas shows, in the language of the service; in the others its translation. */
export function NameField({ label }) {
  const { t, element, owner, modeling, metadata, language, source, languageName } = usePanel();
  const name = getBusinessObject(element).get('name') ?? '';
  const words = label ?? t('Name');
  if (language !== source && isNamed(owner)) {
    if (name.trim()) return html`<${SchemaField} type="Label" name="name" holder=${metadata.extension(owner, 'run:Label')} label=${words} said=${name} />`;
    return html`<p class="mp-hint">${t('It has no name yet. Write it in the language of the service first: %(language)s.', { language: languageName(source) })}</p>`;
  }
  const commit = (text) => modeling.updateLabel(element.labelTarget ?? element, text.trim());
  return html`<${TextInput} label=${words} mark=${isNamed(owner) ? source.toUpperCase() : undefined} lang=${source} value=${name} commit=${commit} />`;
}

const NC_NAME = /^[A-Za-z_][\w.-]*$/;

export function IdField() {
  const { t, element, modeling, owner, moddle, refuse } = usePanel();
  const commit = (text) => {
    const id = text.trim();
    const taken = moddle.ids.assigned(id);
    if (!NC_NAME.test(id)) return refuse(t('An id begins with a letter; then come letters, digits, _ . and -.'));
    if (taken && taken !== owner) return refuse(t('Another element has the id %(id)s.', { id }));
    return owner === getBusinessObject(element) ? modeling.updateProperties(element, { id }) : modeling.updateModdleProperties(element, owner, { id });
  };
  return html`<${TextInput} label=${t('Id')} mono value=${owner.get('id')} commit=${commit} hint=${t('Names the element in reports and running work; better left as it is.')} />`;
}

// sequence flows

const SPLITS = ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway'];
const isSplit = (node) => SPLITS.some((type) => is(node, type)) || is(node, 'bpmn:Activity');

export function FlowCard({ holder }) {
  const { t, owner } = usePanel();
  const source = owner.get('sourceRef');
  return html`<${Group} id="flow" label=${t('This way')} open><${NameField} />
      ${isSplit(source) && html`<${WayFields} flow=${owner} />`}
      ${fields('Estimate', holder, ['probability', 'maxRounds'])}</${Group}>`;
}

function WayFields({ flow }) {
  const { t, metadata, element } = usePanel();
  const source = flow.get('sourceRef');
  const otherwise = source.get('default') === flow;
  const setDefault = (on) => {
    const steps = [[source, { default: on ? flow : undefined }]];
    if (on && flow.get('conditionExpression')) steps.push([flow, { conditionExpression: undefined }]);
    metadata.run(element, steps);
  };
  return html`${!is(source, 'bpmn:Activity') && html`<${Checkbox} label=${t('Otherwise: taken when no condition holds')} value=${otherwise} commit=${setDefault} />`}
    ${!otherwise && html`<${Expression} of=${flow} name="conditionExpression" label=${t('Condition')} hint=${t('FEEL, for example accepted = true.')} />`}`;
}

/** All ways out of a gateway at once, with the sum of their probabilities. */
export function GatewayCard() {
  const { t, owner, metadata, element, select } = usePanel();
  const ways = owner.get('outgoing') ?? [];
  const places = ways.map((flow) => metadata.extension(flow, 'run:Estimate'));
  const chances = places.map((place) => place.get()?.get('probability'));
  const total = chances.reduce((sum, chance) => sum + Number(chance || 0), 0);
  const shows = !is(owner, 'bpmn:ParallelGateway') && ways.length > 1;
  const wrong = is(owner, 'bpmn:ExclusiveGateway') && chances.some(Boolean) && Math.abs(total - 1) > 1e-9;
  return html`<${Group} id="gateway" label=${t('Decision')} open><${NameField} label=${t('Question')} />
    ${shows && html`<section class="mp-list"><h4 class="mp-list__title">${t('Ways out')}</h4>
      ${ways.map((flow, index) => html`<fieldset class="mp-way" key=${flow.id}><legend><button type="button" class="run-link" onClick=${() => select(flow.id)}>
          ${flow.get('name') || t('to %(name)s', { name: flow.get('targetRef')?.get('name') || flow.get('targetRef')?.id })}</button></legend>
        ${isSplit(owner) && html`<${WayFields} flow=${flow} />`}
        <${NumberInput} label=${t('Probability')} value=${chances[index]} from=${0} to=${1} placeholder="0.5"
          commit=${(value) => metadata.write(element, places[index], { probability: value || undefined })} /></fieldset>`)}
      ${wrong && html`<p class="mp-error" role="status">${t('The probabilities add up to %(total)s; they should add up to 1.', { total: Math.round(total * 1e6) / 1e6 })}</p>`}
    </section>`}</${Group}>`;
}

// events

const REFERRED = {
  'bpmn:MessageEventDefinition': ['messageRef', 'bpmn:Message', 'name'],
  'bpmn:SignalEventDefinition': ['signalRef', 'bpmn:Signal', 'name'],
  'bpmn:ErrorEventDefinition': ['errorRef', 'bpmn:Error', 'errorCode'],
  'bpmn:EscalationEventDefinition': ['escalationRef', 'bpmn:Escalation', 'escalationCode']
};

export function EventCard({ message }) {
  const { t, owner } = usePanel();
  const [definition] = owner.get('eventDefinitions') ?? [];
  const correlated = ['bpmn:MessageEventDefinition', 'bpmn:SignalEventDefinition'].includes(definition?.$type);
  return html`<${Group} id="event" label=${t('Event')} open><${NameField} />
    ${definition && html`<${EventDefinition} definition=${definition} />`}
    ${correlated && html`<${MessageCard} holder=${message} sends=${is(owner, 'bpmn:ThrowEvent')} />`}
    ${is(owner, 'bpmn:BoundaryEvent') && html`<${Interrupting} name="cancelActivity" words=${t('Ends the activity')} />`}
    ${is(owner, 'bpmn:StartEvent') && owner.$parent?.get('triggeredByEvent') && html`<${Interrupting} name="isInterrupting" words=${t('Ends what is going on around it')} />`}
  </${Group}>`;
}

function Interrupting({ name, words }) {
  const { owner, modeling, element } = usePanel();
  return html`<${Checkbox} label=${words} value=${owner.get(name)} commit=${(on) => modeling.updateProperties(element, { [name]: on })} />`;
}

function EventDefinition({ definition }) {
  const { t } = usePanel();
  if (definition.$type === 'bpmn:TimerEventDefinition') return html`<${TimerFields} definition=${definition} />`;
  if (definition.$type === 'bpmn:ConditionalEventDefinition') {
    return html`<${Expression} of=${definition} name="condition" label=${t('Condition')} hint=${t('It happens as soon as this is true.')} />`;
  }
  const referred = REFERRED[definition.$type];
  return referred ? html`<${ReferredField} of=${definition} referred=${referred} />` : null;
}

/** A message, signal, error or escalation by its name or code: one of the file, or a new one. */
export function ReferredField({ of, referred: [reference, type, key] }) {
  const { t, metadata, element, owner, readOnly } = usePanel();
  const listId = useFieldId();
  const definitions = definitionsOf(owner);
  const known = (definitions.get('rootElements') ?? []).filter((each) => is(each, type));
  const named = (each) => each?.get(key) || each?.get('name') || '';
  const words = {
    'bpmn:Message': t('Message'), 'bpmn:Signal': t('Signal'), 'bpmn:Error': t('Code of the error'), 'bpmn:Escalation': t('Code of the escalation')
  };
  const commit = (text) => {
    const name = text.trim();
    const there = known.find((each) => named(each) === name);
    if (!name || there) return metadata.run(element, [[of, { [reference]: there }]]);
    const made = metadata.create(type, { id: metadata.newId(`${type.split(':')[1]}_`), name, ...(key === 'name' ? {} : { [key]: name }) }, definitions);
    return metadata.run(element, [[definitions, { rootElements: [...definitions.get('rootElements'), made] }], [of, { [reference]: made }]]);
  };
  const draft = useDraft(named(of.get(reference)), commit);
  // a name is finished when the field is left: half of one is no message
  const { value, onInput, onBlur, onKeyDown } = draft;
  const control = (id) => html`<input id=${id} class="mp-input" type="text" autocomplete="off" list=${listId} disabled=${readOnly} ...${{ value, onInput, onBlur, onKeyDown }} />
    <datalist id=${listId}>${known.map((each) => html`<option value=${named(each)}></option>`)}</datalist>`;
  return html`<${Field} label=${words[type]} control=${control} />`;
}

const TIMES = ['timeDuration', 'timeDate', 'timeCycle'];

function TimerFields({ definition }) {
  const { t, metadata, element } = usePanel();
  const kind = TIMES.find((name) => definition.get(name)) ?? 'timeDuration';
  const options = [['timeDuration', t('a time after')], ['timeDate', t('a date')], ['timeCycle', t('again and again')]];
  const hints = {
    timeDuration: t('P5D is five days, PT4H four hours; or FEEL.'), timeDate: t('2027-03-01, 2027-03-01T09:00:00; or FEEL.'), timeCycle: t('R3/P7D is three times every seven days.')
  };
  const choose = (name) => {
    const text = definition.get(kind)?.get('body') ?? '';
    const made = metadata.create('bpmn:FormalExpression', { body: text }, definition);
    metadata.run(element, [[definition, { ...Object.fromEntries(TIMES.map((each) => [each, undefined])), [name]: made }]]);
  };
  return html`<${Select} label=${t('When')} value=${kind} options=${options} commit=${choose} />
    <${Expression} key=${kind} of=${definition} name=${kind} feelKind="timer" label=${t('Time')} hint=${hints[kind]} />`;
}

// activities

export function SendReceiveCard({ message }) {
  const { t, owner } = usePanel();
  return html`<${Group} id="message" label=${t('Message')} open>
    <${ReferredField} of=${owner} referred=${['messageRef', 'bpmn:Message', 'name']} />
    <${MessageCard} holder=${message} sends=${is(owner, 'bpmn:SendTask')} /></${Group}>`;
}

export function ScriptCard() {
  const { t, owner, metadata, element } = usePanel();
  const commit = (text) => metadata.run(element, [[owner, { script: text || undefined, scriptFormat: owner.get('scriptFormat') ?? 'feel' }]]);
  return html`<${Group} id="script" label=${t('Calculation')} open>
    <${TextArea} label=${t('Lines of name = formula')} mono rows=${4} value=${owner.get('script')} commit=${commit} hint=${t('For example: total = households * 2')} /></${Group}>`;
}

/** What a call activity starts: a process of this file, for the engine knows no other. */
export function CallCard() {
  const { t, owner, modeling, element } = usePanel();
  const options = callable(definitionsOf(owner), processOf(owner)).map((each) => [each.id, each.get('name') || each.id]);
  const chosen = owner.get('calledElement');
  if (chosen && !options.some(([id]) => id === chosen)) options.push([chosen, t('%(id)s (cannot be called from here)', { id: chosen })]);
  const hint = [options.length ? '' : t('This file holds no other process yet: draw it in a pool of its own.'),
    t('Only a process of the same file can be called. Another service of the catalogue cannot: copy its tasks into a process of this file.')].filter(Boolean).join(' ');
  return html`<${Group} id="call" label=${t('Call')} open>
    <${Select} label=${t('Process that is called')} value=${owner.get('calledElement')} options=${options} empty=${t('Choose…')} hint=${hint}
      commit=${(id) => modeling.updateProperties(element, { calledElement: id || undefined })} /></${Group}>`;
}

/** The processes of a file that one of them can call: drawn, and not leading back to it. */
export function callable(definitions, caller) {
  const processes = (definitions.get('rootElements') ?? []).filter((each) => each.$type === 'bpmn:Process');
  const byId = new Map(processes.map((each) => [each.id, each]));
  const calls = (scope) => (scope.flowElements ?? []).flatMap((each) => (each.$type === 'bpmn:CallActivity' ? [byId.get(each.calledElement)] : calls(each)));
  const leadsBack = (from, seen = new Set()) => {
    if (from === caller) return true;
    seen.add(from);
    return calls(from).some((next) => next && !seen.has(next) && leadsBack(next, seen));
  };
  const isDrawn = (process) => (process.flowElements ?? []).some((each) => each.$instanceOf('bpmn:FlowNode'));
  return processes.filter((each) => isDrawn(each) && !leadsBack(each));
}

function processOf(owner) {
  let at = owner;
  while (at && at.$type !== 'bpmn:Process') at = at.$parent;
  return at;
}

export function AdHocCard() {
  const { t, owner } = usePanel();
  return html`<${Group} id="ad-hoc" label=${t('In any order')} open>
    <${Attribute} of=${owner} name="ordering" control=${Select} label=${t('Activities')} options=${[['Parallel', t('several at a time')], ['Sequential', t('one after the other')]]} />
    <${Expression} of=${owner} name="completionCondition" label=${t('Finished when')} hint=${t('FEEL, for example done >= 3.')} />
    <${Attribute} of=${owner} name="cancelRemainingInstances" control=${Checkbox} label=${t('What is still open is cancelled then')} /></${Group}>`;
}

const LOOPS = { none: null, parallel: 'bpmn:MultiInstanceLoopCharacteristics', sequential: 'bpmn:MultiInstanceLoopCharacteristics', loop: 'bpmn:StandardLoopCharacteristics' };

export function RepetitionCard({ estimate, withEstimate }) {
  const { t, owner, metadata, element } = usePanel();
  const loop = owner.get('loopCharacteristics');
  const kind = !loop ? 'none' : is(loop, 'bpmn:StandardLoopCharacteristics') ? 'loop' : loop.get('isSequential') ? 'sequential' : 'parallel';
  const options = [['none', t('once')], ['parallel', t('for each, all at a time')], ['sequential', t('for each, one after the other')], ['loop', t('again while a condition holds')]];
  const choose = (name) => {
    if (loop && LOOPS[name] === loop.$type) return metadata.run(element, [[loop, { isSequential: name === 'sequential' }]]);
    const made = LOOPS[name] ? metadata.create(LOOPS[name], name === 'sequential' ? { isSequential: true } : {}, owner) : undefined;
    return metadata.run(element, [[owner, { loopCharacteristics: made }]]);
  };
  return html`<${Group} id="repetition" label=${t('Repetition')} badge=${kind === 'none' ? '' : options.find(([key]) => key === kind)[1]}>
    <${Select} label=${t('It is done')} value=${kind} options=${options} commit=${choose} />
    ${kind === 'loop' && html`<${LoopFields} loop=${loop} />`}
    ${loop && kind !== 'loop' && html`<${ManyFields} loop=${loop} />`}
    ${withEstimate && loop && html`<${Repetitions} holder=${estimate} />`}
  </${Group}>`;
}

function LoopFields({ loop }) {
  const { t, metadata, element } = usePanel();
  const setMaximum = (text) => metadata.run(element, [[loop, { loopMaximum: text === '' ? undefined : Number(text) }]]);
  return html`<${Expression} of=${loop} name="loopCondition" label=${t('Condition')} hint=${t('FEEL: repeated while it is true.')} />
    <${NumberInput} label=${t('At most')} value=${loop.get('loopMaximum')} whole from=${1} commit=${setMaximum} />
    <${Attribute} of=${loop} name="testBefore" control=${Checkbox} label=${t('The condition is asked before the first round too')} />`;
}

function ManyFields({ loop }) {
  const { t, owner, metadata, element } = usePanel();
  const objects = dataObjects(owner);
  const options = objects.map(({ id, name }) => [id, name]);
  const setList = (name) => (id) => metadata.run(element, [[loop, { [name]: objects.find((each) => each.id === id)?.object }]]);
  const setItem = (name, type) => (text) => {
    const made = text.trim() ? metadata.create(type, { id: metadata.newId('Item_'), name: text.trim() }, loop) : undefined;
    metadata.run(element, [[loop, { [name]: made }]]);
  };
  return html`<${Expression} of=${loop} name="loopCardinality" feelKind="quantity" label=${t('How many')} hint=${t('A number or FEEL; or choose a list below.')} />
    <${Select} label=${t('For each of the list')} value=${loop.get('loopDataInputRef')?.id} options=${options} empty=${t('No list')} commit=${setList('loopDataInputRef')} />
    <${TextInput} label=${t('Name of one of it')} mono value=${loop.get('inputDataItem')?.get('name')} commit=${setItem('inputDataItem', 'bpmn:DataInput')} />
    <${Select} label=${t('Results are collected in')} value=${loop.get('loopDataOutputRef')?.id} options=${options} empty=${t('No list')} commit=${setList('loopDataOutputRef')} />
    <${TextInput} label=${t('Name of one result')} mono value=${loop.get('outputDataItem')?.get('name')} commit=${setItem('outputDataItem', 'bpmn:DataOutput')} />
    <${Expression} of=${loop} name="completionCondition" label=${t('Finished early when')} />`;
}

/** The data objects that an element can read, those of its own scope first: {id, name, object}. */
function dataObjects(owner) {
  const elements = [];
  for (let at = owner.$parent; at && at.$type !== 'bpmn:Definitions'; at = at.$parent) elements.push(...(at.flowElements ?? []));
  const shown = new Map(elements.filter((each) => each.$type === 'bpmn:DataObjectReference').map((each) => [each.get('dataObjectRef'), each.get('name')]));
  const objects = elements.filter((each) => each.$type === 'bpmn:DataObject');
  return objects.map((object) => ({ id: object.id, name: object.get('name') || shown.get(object) || object.id, object }));
}
