/** Live lint: findings as a diagram is drawn, marked on its elements. A module of diagram-js: `runLint`. */
import './lint.scss';
import { byElement, isBlocking, merged } from './merge.js';
import { Question } from './question.js';
import { CODES, lint } from './rules/index.js';
import { said } from './rules/words.js';

const PAUSE = 500;
const SOON = 40;

export class RunLint {
  static $inject = ['eventBus', 'bpmnjs', 'canvas', 'overlays', 'elementRegistry', 'selection', 'translate', 'config.run'];

  constructor(eventBus, bpmnjs, canvas, overlays, elementRegistry, selection, translate, config) {
    Object.assign(this, { eventBus, bpmnjs, canvas, overlays, elementRegistry, selection, translate, config });
    this.problems = [];
    this.report = null;
    this.state = 'asking';
    this.message = '';
    this.marked = [];
    this.found = new Map();
    if (config.addresses?.lint) {
      this.question = new Question({
        address: config.addresses.lint, csrf: config.csrf, pause: PAUSE, done: (said) => this.hear(said),
        read: async () => (await bpmnjs.saveXML({ format: false })).xml
      });
    }
    eventBus.on(['import.done', 'commandStack.changed'], () => this.look());
    eventBus.on('diagram.destroy', () => this.stop());
  }

  stop() {
    clearTimeout(this.timer);
    this.question?.stop();
  }

  /** Look soon, once for a burst of changes, and ask the server when the person pauses. */
  look() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lookNow(), SOON);
    this.question?.ask();
  }

  lookNow() {
    const definitions = this.bpmnjs.getDefinitions();
    if (!definitions) return;
    const own = lint(definitions).map((problem) => ({ ...problem, message: this.translate(problem.message, said(problem.params, this.translate)) }));
    const isThere = (id) => Boolean(this.elementRegistry.get(id)) || own.some((problem) => problem.element === id);
    this.tell(merged(own, this.report, { codes: CODES, isThere }));
  }

  hear({ state, answer, message = '' }) {
    this.state = state;
    this.message = message;
    if (state === 'answered') {
      clearTimeout(this.timer);
      this.report = answer.problems;
      this.tell(answer.problems);
    } else {
      this.eventBus.fire('runLint.changed', { problems: this.problems, state });
    }
  }

  tell(problems) {
    this.problems = problems;
    this.found = byElement(problems);
    this.mark();
    this.eventBus.fire('runLint.changed', { problems, state: this.state });
  }

  /** The problems of an element, the worst first. */
  problemsOf(id) {
    return this.found.get(id) ?? [];
  }

  /** Show the element of a problem: select it, bring it into view. */
  select({ element }) {
    const found = element && this.elementRegistry.get(element);
    if (!found || found === this.canvas.getRootElement()) {
      this.selection.select([]);
      return;
    }
    const root = this.canvas.findRoot(found);
    if (root && root !== this.canvas.getRootElement()) this.canvas.setRootElement(root);
    this.selection.select(found);
    this.canvas.scrollToElement(found, 80);
  }

  mark() {
    for (const [id, marker, overlay] of this.marked) {
      if (this.elementRegistry.get(id)) this.canvas.removeMarker(id, marker);
      this.overlays.remove(overlay);
    }
    this.marked = [];
    for (const [id, problems] of this.found) {
      const element = this.elementRegistry.get(id);
      if (!element || !element.parent || problems[0].severity === 'info') continue;
      const marker = isBlocking(problems[0]) ? 'lint-fix' : 'lint-look';
      this.canvas.addMarker(id, marker);
      const position = element.waypoints ? middleOf(element) : { bottom: 10, left: -8 };
      const overlay = this.overlays.add(id, 'run-lint', { position, html: this.badge(problems), show: { minZoom: 0.3 }, scale: { min: 0.8, max: 1.2 } });
      this.marked.push([id, marker, overlay]);
    }
  }

  /** A small button that opens the properties, where the problems are told. */
  badge(problems) {
    const badge = document.createElement('button');
    badge.type = 'button';
    badge.tabIndex = -1; // the list of elements and the panel lead there by keyboard
    badge.className = 'ml-badge';
    badge.dataset.severity = isBlocking(problems[0]) ? 'fix' : 'look';
    badge.title = problems.map(({ message }) => message).join('\n');
    badge.setAttribute('aria-label', badge.title);
    const sign = document.createElement('span');
    sign.className = `icon icon-${isBlocking(problems[0]) ? 'x-circle' : 'exclamation-triangle'}`;
    sign.setAttribute('aria-hidden', 'true');
    badge.append(sign, problems.length > 1 ? String(problems.length) : '');
    badge.addEventListener('click', (event) => {
      event.stopPropagation();
      this.select(problems[0]);
      this.config.openProperties?.();
    });
    return badge;
  }
}

function middleOf({ waypoints }) {
  const [x, y] = [Math.min(...waypoints.map((p) => p.x)), Math.min(...waypoints.map((p) => p.y))];
  const at = Math.floor((waypoints.length - 1) / 2);
  const [one, other] = [waypoints[at], waypoints[at + 1] ?? waypoints[at]];
  return { left: (one.x + other.x) / 2 - x - 10, top: (one.y + other.y) / 2 - y - 10 };
}

export default { __init__: ['runLint'], runLint: ['type', RunLint] };
