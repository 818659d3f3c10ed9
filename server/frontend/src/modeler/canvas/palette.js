/** The palette: the few things services are made of, and "More" for the rest. */
import { MORE, entryOf } from './constructs.js';

const ADD = 'run-add';

/** The entries of one popup menu that creates, appends or puts on a border. */
class MoreMenu {
  static $inject = ['popupMenu', 'create', 'autoPlace', 'elementFactory', 'translate', 'mouse', 'rules'];

  constructor(popupMenu, create, autoPlace, elementFactory, translate, mouse, rules) {
    Object.assign(this, { create, autoPlace, elementFactory, translate, mouse, rules });
    popupMenu.registerProvider(ADD, this);
  }

  getPopupMenuEntries(target) {
    const after = target?.businessObject?.$instanceOf?.('bpmn:FlowNode') ? target : null;
    const entries = {};
    for (const [id, name, names] of MORE) {
      for (const each of names) {
        const entry = this.entry(each, after);
        if (entry) entries[`add-${each}`] = { ...entry, group: { id, name: this.translate(name) } };
      }
    }
    return entries;
  }

  entry(name, after) {
    const { label, className, target } = entryOf(name);
    if (after && (target.type === 'bpmn:BoundaryEvent' || target.type === 'bpmn:StartEvent' || target.type === 'bpmn:Participant')) return null;
    const make = () => this.shape(target);
    const place = (event) => this.create.start(event, make(), after ? { source: after } : undefined);
    const put = (event) => {
      if (after) this.autoPlace.append(after, [make()].flat()[0]);
      else this.create.start(this.mouse.getLastMoveEvent() ?? event, make());
    };
    return { label: this.translate(label), className, action: { click: put, dragstart: place } };
  }

  shape(target) {
    if (target.type === 'bpmn:Participant') return this.elementFactory.createParticipantShape();
    const shape = this.elementFactory.createShape({ ...target });
    if (!target.isExpanded || target.triggeredByEvent || target.type === 'bpmn:AdHocSubProcess') return shape;
    return [shape, this.elementFactory.createShape({ type: 'bpmn:StartEvent', x: 40, y: 82, parent: shape })];
  }
}

class Palette {
  static $inject = ['palette', 'create', 'elementFactory', 'spaceTool', 'lassoTool', 'handTool', 'globalConnect', 'popupMenu', 'canvas', 'translate'];

  constructor(palette, create, elementFactory, spaceTool, lassoTool, handTool, globalConnect, popupMenu, canvas, translate) {
    Object.assign(this, { create, elementFactory, spaceTool, lassoTool, handTool, globalConnect, popupMenu, canvas, translate });
    palette.registerProvider(this);
  }

  getPaletteEntries() {
    const t = this.translate;
    const tool = (className, title, click) => ({ group: 'tools', className, title, action: { click } });
    return {
      'hand-tool': tool('bpmn-icon-hand-tool', t('Move the picture'), (event) => this.handTool.activateHand(event)),
      'lasso-tool': tool('bpmn-icon-lasso-tool', t('Select several'), (event) => this.lassoTool.activateSelection(event)),
      'space-tool': tool('bpmn-icon-space-tool', t('Make or remove space'), (event) => this.spaceTool.activateSelection(event)),
      'global-connect-tool': tool('bpmn-icon-connection-multi', t('Connect two elements'), (event) => this.globalConnect.start(event)),
      'tool-separator': { group: 'tools', separator: true },
      'create.start-event': this.making('event', 'bpmn-icon-start-event-none', t('Start'), { type: 'bpmn:StartEvent' }),
      'create.task': this.making('activity', 'bpmn-icon-user-task', t('Task of a person'), { type: 'bpmn:UserTask' }),
      'create.exclusive-gateway': this.making('gateway', 'bpmn-icon-gateway-xor', t('Decision: one way is taken'), { type: 'bpmn:ExclusiveGateway' }),
      'create.parallel-gateway': this.making('gateway', 'bpmn-icon-gateway-parallel', t('Parallel: all ways are taken'), { type: 'bpmn:ParallelGateway' }),
      'create.timer': this.making('event', 'bpmn-icon-intermediate-event-catch-timer', t('Wait for a time'), {
        type: 'bpmn:IntermediateCatchEvent', eventDefinitionType: 'bpmn:TimerEventDefinition'
      }),
      'create.end-event': this.making('event', 'bpmn-icon-end-event-none', t('End'), { type: 'bpmn:EndEvent' }),
      'create.subprocess': this.making('activity', 'bpmn-icon-subprocess-expanded', t('Sub-process'), { type: 'bpmn:SubProcess', isExpanded: true }),
      'create.data-object': this.making('data', 'bpmn-icon-data-object', t('Data object'), { type: 'bpmn:DataObjectReference' }),
      'more-separator': { group: 'more', separator: true },
      more: { group: 'more', className: 'run-palette-more icon icon-three-dots', title: t('More…'), action: { click: (event) => this.openMore(event) } }
    };
  }

  making(group, className, title, target) {
    const start = (event) => {
      const shape = this.elementFactory.createShape({ ...target });
      const inside = target.type === 'bpmn:SubProcess' ? [this.elementFactory.createShape({ type: 'bpmn:StartEvent', x: 40, y: 82, parent: shape })] : [];
      this.create.start(event, [shape, ...inside], { hints: { autoSelect: [shape] } });
    };
    return { group, className, title, action: { click: start, dragstart: start } };
  }

  openMore(event) {
    const at = { x: event.clientX ?? 60, y: event.clientY ?? 60 };
    this.popupMenu.open(this.canvas.getRootElement(), ADD, { ...at, cursor: at }, { title: this.translate('Add an element'), search: true, width: 320 });
  }
}

export const openAppendMenu = (popupMenu, element, position, title) => popupMenu.open(element, ADD, position, { title, search: true, width: 320 });

export default { __init__: ['paletteProvider', 'runMoreMenu'], paletteProvider: ['type', Palette], runMoreMenu: ['type', MoreMenu] };
