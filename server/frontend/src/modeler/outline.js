/**
 * The diagram as a list: every element in the order the work is done, to be read, and to be chosen by keyboard.
 *
 * A tree of one level per sub-process; arrows move, Space selects, Enter opens the properties, A adds what comes next and Delete
 * removes. Elements in the order a token meets them. Source: ARIA APG, tree view.
 */
import { is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { html, render, useEffect, useRef, useState } from 'diagram-js/lib/ui';
import { ownerOf } from './metadata.js';
import { openAppendMenu } from './canvas/palette.js';
import { kindWords, languageOf, titleOf } from './panel/panel.js';

const SHOWN = ['bpmn:Activity', 'bpmn:Event', 'bpmn:Gateway'];
const INSIDE = ['bpmn:Process', 'bpmn:SubProcess', 'bpmn:Participant', 'bpmn:Lane', 'bpmn:Collaboration'];

const before = (a, b) => (a.x ?? 0) - (b.x ?? 0) || (a.y ?? 0) - (b.y ?? 0);

/** The nodes of a scope in the order a token meets them: breadth first from what nothing leads to, then what is left. */
export function inOrder(nodes) {
  const all = new Set(nodes);
  const found = new Set();
  const queue = nodes.filter((node) => !node.host && !(node.incoming ?? []).some((flow) => all.has(flow.source))).sort(before);
  const visit = (node) => {
    if (found.has(node)) return;
    found.add(node);
    for (const each of (node.attachers ?? []).filter((one) => all.has(one))) found.add(each);
    const next = [node, ...(node.attachers ?? [])].flatMap((each) => each.outgoing ?? []).map((flow) => flow.target);
    queue.push(...next.filter((each) => all.has(each)).sort((a, b) => (a.y ?? 0) - (b.y ?? 0)));
  };
  while (queue.length) visit(queue.shift());
  for (const node of [...nodes].sort(before)) found.add(node);
  return [...found];
}

/** [{element, depth}] of everything that is work, decision or event. */
export function lines(scope, depth = 0) {
  const children = (scope.children ?? []).filter((child) => !child.labelTarget && !child.hidden);
  const pools = children.filter((child) => isAny(child, ['bpmn:Participant', 'bpmn:Lane']) && !is(scope, 'bpmn:Lane'));
  const inPools = is(scope, 'bpmn:Collaboration') ? pools.sort((a, b) => a.y - b.y).flatMap((pool) => [{ element: pool, depth }, ...lines(pool, depth + 1)]) : [];
  const nodes = children.filter((child) => isAny(child, SHOWN));
  return [...inPools, ...inOrder(nodes).flatMap((element) => [{ element, depth }, ...(isAny(element, INSIDE) ? lines(element, depth + 1) : [])])];
}

class Outline {
  static $inject = ['eventBus', 'canvas', 'selection', 'elementRegistry', 'translate', 'injector', 'config.run'];

  constructor(eventBus, canvas, selection, elementRegistry, translate, injector, config) {
    Object.assign(this, { canvas, selection, elementRegistry, translate, injector, config });
    this.container = null;
    eventBus.on(['import.done', 'elements.changed', 'commandStack.changed', 'selection.changed', 'root.set', 'runLint.changed'], () => this.draw());
  }

  attachTo(container) {
    this.container = container;
    this.draw();
  }

  draw() {
    if (!this.container || this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      render(html`<${OutlineTree} outline=${this} />`, this.container);
    });
  }

  rows() {
    const root = this.canvas.getRootElement();
    return root?.businessObject ? [{ element: root, depth: 0, whole: true }, ...lines(root)] : [];
  }

  choose(element, { open }) {
    if (element === this.canvas.getRootElement()) this.selection.select([]);
    else {
      this.selection.select(element);
      this.canvas.scrollToElement(element, 60);
    }
    if (open) this.config.openProperties?.();
  }

  /** The menu of what can come after an element, beside its line; what was chosen is selected and its card opened. */
  add(element, line) {
    if (this.config.readOnly || !is(element, 'bpmn:FlowNode') || is(element, 'bpmn:EndEvent')) return;
    this.choose(element, { open: false });
    const { left, bottom } = line.getBoundingClientRect();
    openAppendMenu(this.injector.get('popupMenu'), element, { x: left + 24, y: bottom }, this.translate('What comes then?'));
    const before = new Set(this.elementRegistry.getAll());
    this.injector.get('eventBus').once('popupMenu.close', () => setTimeout(() => {
      const [added] = this.selection.get().filter((each) => !before.has(each));
      if (added) this.config.openProperties?.();
      else line.focus();
    }));
  }

  remove(element) {
    if (this.config.readOnly || element === this.canvas.getRootElement()) return;
    this.choose(element, { open: false });
    this.injector.get('editorActions').trigger('removeSelection');
  }

  problems(element) {
    return this.injector.get('runLint', false)?.problemsOf?.(element.id)?.length ?? 0;
  }
}

function OutlineTree({ outline }) {
  const t = outline.translate;
  const rows = outline.rows();
  const chosen = outline.selection.get().map((element) => element.labelTarget ?? element);
  const isChosen = (row) => (chosen.length ? chosen.includes(row.element) : row.whole);
  const [at, setAt] = useState(0);
  const tree = useRef(null);
  const current = rows.findIndex(isChosen);
  useEffect(() => setAt(Math.max(0, current)), [current]);

  const focus = (index) => {
    const place = Math.max(0, Math.min(rows.length - 1, index));
    setAt(place);
    tree.current?.children[place]?.focus();
  };
  const onKeyDown = (event) => {
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    if (event.key in moves) focus(moves[event.key]);
    else if (event.key === 'Enter' || event.key === ' ') outline.choose(rows[at].element, { open: event.key === 'Enter' });
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key.toLowerCase() === 'a') outline.add(rows[at].element, tree.current.children[at]);
    else if (event.key === 'Delete' || event.key === 'Backspace') {
      outline.remove(rows[at].element);
      setTimeout(() => focus(Math.min(at, tree.current.children.length - 1))); // the line is gone by then
    }
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const keys = t('Enter: its card · A: what comes then · Delete: remove');
  return html`<ul class="mo" role="tree" aria-label=${t('Elements of the diagram')} aria-describedby="mo-keys" ref=${tree} onKeyDown=${onKeyDown}>
    ${rows.map((row, index) => {
      const owner = ownerOf(row.element);
      const problems = row.whole ? 0 : outline.problems(row.element);
      // begins with what is seen (WCAG 2.5.3): the title and the number
      const seen = problems > 0 ? `${titleOf(owner, t)} ${t('%(count)s to fix', { count: problems })}` : titleOf(owner, t);
      const label = `${seen}, ${t(kindWords(owner))}`;
      return html`<li key=${row.element.id} role="treeitem" aria-label=${label} class="mo-row mo-row--${Math.min(row.depth, 4)}" data-id=${row.element.id} data-type=${owner.$type} aria-level=${row.depth + 1}
        aria-selected=${String(isChosen(row))} tabindex=${index === at ? 0 : -1} onFocus=${() => setAt(index)} onClick=${() => outline.choose(row.element, { open: false })} onDblClick=${() => outline.choose(row.element, { open: true })}>
        <span class="mo-icon ${symbolOf(row.element)}" aria-hidden="true"></span>
        <span class="mo-name" lang=${languageOf(owner, outline)}>${titleOf(owner, t)}</span>
        ${problems > 0 && html`${' '}<span class="mo-problems" aria-hidden="true">${problems}</span>`}</li>`;
    })}
  </ul>
  ${!outline.config.readOnly && html`<p class="mo-keys" id="mo-keys">${keys}</p>`}`;
}

const SYMBOLS = {
  'bpmn:UserTask': 'user', 'bpmn:ManualTask': 'manual', 'bpmn:ServiceTask': 'service', 'bpmn:BusinessRuleTask': 'business-rule', 'bpmn:ScriptTask': 'script',
  'bpmn:SendTask': 'send', 'bpmn:ReceiveTask': 'receive', 'bpmn:CallActivity': 'call-activity', 'bpmn:SubProcess': 'subprocess-collapsed', 'bpmn:Transaction': 'transaction',
  'bpmn:AdHocSubProcess': 'ad-hoc-marker', 'bpmn:ExclusiveGateway': 'gateway-xor', 'bpmn:ParallelGateway': 'gateway-parallel', 'bpmn:InclusiveGateway': 'gateway-or',
  'bpmn:EventBasedGateway': 'gateway-eventbased', 'bpmn:ComplexGateway': 'gateway-complex', 'bpmn:StartEvent': 'start-event-none', 'bpmn:EndEvent': 'end-event-none',
  'bpmn:IntermediateCatchEvent': 'intermediate-event-none', 'bpmn:IntermediateThrowEvent': 'intermediate-event-none', 'bpmn:BoundaryEvent': 'intermediate-event-none',
  'bpmn:Participant': 'participant', 'bpmn:Collaboration': 'participant', 'bpmn:Process': 'task-none'
};
const TRIGGERS = { TimerEventDefinition: 'timer', MessageEventDefinition: 'message', SignalEventDefinition: 'signal', ErrorEventDefinition: 'error' };

/** The class of the symbol in the font of bpmn-js. */
function symbolOf(element) {
  const type = element.type;
  const trigger = TRIGGERS[element.businessObject.get('eventDefinitions')?.[0]?.$type.split(':')[1]];
  if (trigger === 'timer' && type !== 'bpmn:StartEvent') return 'bpmn-icon-intermediate-event-catch-timer';
  if (trigger === 'message' && type !== 'bpmn:StartEvent' && type !== 'bpmn:EndEvent') return 'bpmn-icon-intermediate-event-catch-message';
  return `bpmn-icon-${SYMBOLS[type] ?? 'task'}`;
}

export default { __init__: ['runOutline'], runOutline: ['type', Outline] };
