/**
 * Reading and changing what elements hold, each change one command that undo takes back.
 *
 * A holder is a place for values that may not exist yet: `get()` gives the moddle element or undefined,
 * `make(steps)` gives it for sure and adds the steps that bring it about.
 */
import { getBusinessObject, is, isAny } from 'bpmn-js/lib/util/ModelUtil';

const COMMAND = 'run.change';

class ChangeHandler {
  static $inject = ['modeling'];

  constructor(modeling) {
    this.modeling = modeling;
  }

  preExecute({ element, steps }) {
    for (const [moddleElement, properties] of steps) this.modeling.updateModdleProperties(element, moddleElement, properties);
  }
}

/** What describes an element: a pool shows the card of its process. */
export function ownerOf(element) {
  const owner = getBusinessObject(element);
  return is(owner, 'bpmn:Participant') && owner.processRef ? owner.processRef : owner;
}

export function extensionOf(owner, type) {
  return (owner?.extensionElements?.get('values') ?? []).find((each) => each.$type === type);
}

const NAMED = ['bpmn:Activity', 'bpmn:Event', 'bpmn:Gateway', 'bpmn:SequenceFlow', 'bpmn:Lane'];

/** Whether an element has a name to be translated: a task with a card has its title instead. */
export function isNamed(owner) {
  return isAny(owner, NAMED) && !extensionOf(owner, 'run:Task');
}

/** The definitions around any element of the file. */
export function definitionsOf(owner) {
  let at = owner;
  while (at && at.$type !== 'bpmn:Definitions') at = at.$parent;
  return at;
}

export class Metadata {
  static $inject = ['commandStack', 'bpmnFactory', 'moddle'];

  constructor(commandStack, bpmnFactory, moddle) {
    this.commandStack = commandStack;
    this.bpmnFactory = bpmnFactory;
    this.moddle = moddle;
    commandStack.registerHandler(COMMAND, ChangeHandler);
  }

  create(type, properties, parent) {
    const made = type.startsWith('bpmn:') ? this.bpmnFactory.create(type, properties) : this.moddle.create(type, properties);
    made.$parent = parent;
    for (const value of Object.values(properties)) {
      for (const each of Array.isArray(value) ? value : [value]) if (each?.$type && !each.$parent) each.$parent = made;
    }
    return made;
  }

  /** The place of an element that exists. */
  present(element) {
    return { get: () => element, make: () => element };
  }

  /** The place of a run: element in the extensionElements of `owner`. */
  extension(owner, type) {
    const get = () => extensionOf(owner, type);
    return {
      get,
      make: (steps) => {
        const there = get();
        if (there) return there;
        let elements = owner.extensionElements;
        if (!elements) {
          elements = this.create('bpmn:ExtensionElements', { values: [] }, owner);
          steps.push([owner, { extensionElements: elements }]);
        }
        const made = this.create(type, {}, elements);
        steps.push([elements, { values: [...elements.get('values'), made] }]);
        return made;
      }
    };
  }

  /** The place of the single element that `property` of another place holds. */
  part(holder, property, type) {
    const get = () => holder.get()?.get(property);
    return {
      get,
      make: (steps) => {
        const there = get();
        if (there) return there;
        const around = holder.make(steps);
        const made = this.create(type, {}, around);
        steps.push([around, { [property]: made }]);
        return made;
      }
    };
  }

  /** Change values as one command. `properties`: an object, or a function of the moddle element that gives one. */
  write(element, holder, properties) {
    const steps = [];
    const target = holder.make(steps);
    steps.push([target, typeof properties === 'function' ? properties(target) : properties]);
    this.run(element, steps);
  }

  /** Several changes [moddle element, properties] as one command. */
  run(element, steps) {
    this.commandStack.execute(COMMAND, { element, steps });
  }

  /** An expression of BPMN (condition, timer) or of ours with that text; undefined for a blank one. */
  expression(text, parent, type = 'bpmn:FormalExpression') {
    return text.trim() ? this.create(type, { body: text }, parent) : undefined;
  }

  newId(prefix) {
    return this.moddle.ids.nextPrefixed(prefix, {});
  }
}

export default { __init__: ['runMetadata'], runMetadata: ['type', Metadata] };
