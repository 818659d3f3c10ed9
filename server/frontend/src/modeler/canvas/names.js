/**
 * A task has one name: what is written on the canvas is its title in the language of the service.
 *
 * Changing one changes the other, within the same command, so one undo takes both back.
 */
import CommandInterceptor from 'diagram-js/lib/command/CommandInterceptor';
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { extensionOf, ownerOf } from '../metadata.js';
import { textIn, withText } from '../texts.js';

const TITLE_OF = { 'run:Task': 'title', 'run:Service': 'name' };

/** The language a service is written in first: that of its card, else the person's. */
export function sourceLanguage(canvas, fallback) {
  const root = canvas.getRootElement();
  const processes = [ownerOf(root), ...(root.children ?? []).map(ownerOf)].filter((owner) => is(owner, 'bpmn:Process'));
  for (const process of processes) {
    const language = extensionOf(process, 'run:Service')?.get('language');
    if (language) return language;
  }
  return fallback;
}

class Names extends CommandInterceptor {
  static $inject = ['eventBus', 'canvas', 'modeling', 'runMetadata', 'config.run'];

  constructor(eventBus, canvas, modeling, runMetadata, config) {
    super(eventBus);
    const language = () => sourceLanguage(canvas, config?.language ?? 'en');

    this.postExecuted(['element.updateLabel', 'element.updateProperties'], ({ context }) => {
      if (context.properties && !('name' in context.properties)) return;
      const element = context.element.labelTarget ?? context.element;
      const owner = ownerOf(element);
      const type = is(owner, 'bpmn:Process') ? 'run:Service' : 'run:Task';
      const card = extensionOf(owner, type);
      const name = owner.name ?? '';
      if (!card || textIn(card.get(TITLE_OF[type]), language()) === name) return;
      modeling.updateModdleProperties(element, card, { [TITLE_OF[type]]: titled(runMetadata, card, TITLE_OF[type], language(), name) });
    });

    this.postExecuted('element.updateModdleProperties', ({ context: { element, moddleElement, properties } }) => {
      const property = TITLE_OF[moddleElement.$type];
      if (!property || !(property in properties)) return;
      const title = textIn(moddleElement.get(property), language()).trim();
      const owner = ownerOf(element);
      if (!title || owner.name === title || extensionOf(owner, moddleElement.$type) !== moddleElement) return;
      if (owner === element.businessObject) modeling.updateProperties(element, { name: title });
      else modeling.updateModdleProperties(element, owner, { name: title });
    });
  }
}

function titled(metadata, card, property, language, name) {
  return withText(card.get(property), language, name, (lang, value) => metadata.create('run:Text', { lang, value }, card));
}

export default { __init__: ['runNames'], runNames: ['type', Names] };
