/** The pad beside an element and its "change" menu, brought down to what is executed. */
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { isDrawnOnly } from './constructs.js';
import { openAppendMenu } from './palette.js';

const LOW = 400;

class Pad {
  static $inject = ['contextPad', 'elementFactory', 'create', 'autoPlace', 'appendPreview', 'popupMenu', 'translate'];

  constructor(contextPad, elementFactory, create, autoPlace, appendPreview, popupMenu, translate) {
    Object.assign(this, { contextPad, elementFactory, create, autoPlace, appendPreview, popupMenu, translate });
    contextPad.registerProvider(LOW, this);
  }

  getContextPadEntries(element) {
    return (entries) => {
      const { 'append.append-task': task, 'append.gateway': gateway, 'append.intermediate-event': between, 'append.compensation-activity': undoing, ...rest } = entries;
      const added = {};
      if (task) {
        added['append.append-task'] = this.appending('bpmn-icon-user-task', this.translate('Then a task of a person'), { type: 'bpmn:UserTask' });
        added['append.gateway'] = this.appending('bpmn-icon-gateway-xor', this.translate('Then a decision'), { type: 'bpmn:ExclusiveGateway' });
        added['append.more'] = {
          group: 'model', className: 'run-pad-more icon icon-three-dots', title: this.translate('Then something else…'),
          action: { click: (event, shape) => this.more(event, shape) }
        };
      }
      if (rest['append.end-event']) rest['append.end-event'].title = this.translate('Then the end');
      if (is(element, 'bpmn:SequenceFlow')) delete rest.replace;
      return { ...added, ...rest };
    };
  }

  appending(className, title, target) {
    const start = (event, element) => this.create.start(event, this.elementFactory.createShape({ ...target }), { source: element });
    const append = (_, element) => this.autoPlace.append(element, this.elementFactory.createShape({ ...target }));
    const hover = (_, element) => {
      this.appendPreview.create(element, target.type, {});
      return () => this.appendPreview.cleanUp();
    };
    return { group: 'model', className, title, action: { dragstart: start, click: append, hover } };
  }

  more(event, element) {
    const at = { x: event.clientX, y: event.clientY };
    openAppendMenu(this.popupMenu, element, { ...at, cursor: at }, this.translate('What comes then?'));
  }
}

class ChangeMenu {
  static $inject = ['popupMenu', 'translate'];

  constructor(popupMenu, translate) {
    this.translate = translate;
    popupMenu.registerProvider('bpmn-replace', LOW, this);
  }

  getPopupMenuEntries() {
    return (entries) => {
      const executed = Object.entries(entries).filter(([action]) => !isDrawnOnly(action));
      const group = { id: 'drawn', name: this.translate('Drawn only, not executed') };
      const drawn = Object.entries(entries).filter(([action]) => isDrawnOnly(action)).map(([action, entry]) => [action, { ...entry, group }]);
      return Object.fromEntries([...executed, ...drawn]);
    };
  }

  getPopupMenuHeaderEntries() {
    return (entries) => {
      const { 'toggle-is-marked-for-compensation': _compensation, 'toggle-participant-multiplicity': _many, ...rest } = entries;
      return rest;
    };
  }
}

export default { __init__: ['runPad', 'runChangeMenu'], runPad: ['type', Pad], runChangeMenu: ['type', ChangeMenu] };
