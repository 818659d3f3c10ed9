/** Live price: what the diagram costs in three places, while it is drawn. A module of diagram-js: `runPrice`. */
import './price.scss';
import { Question } from '../lint/question.js';
import { heat, HEAT_LEVELS } from './figures.js';

const PAUSE = 350;
const KEY = 'run.modeler.price';
const MOST_REGIONS = 3;

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export class RunPrice {
  static $inject = ['eventBus', 'bpmnjs', 'canvas', 'elementRegistry', 'selection', 'config.run'];

  constructor(eventBus, bpmnjs, canvas, elementRegistry, selection, config) {
    Object.assign(this, { eventBus, bpmnjs, canvas, elementRegistry, selection, config });
    const kept = remembered();
    const isPath = (each) => typeof each === 'string' && each;
    this.regions = Array.isArray(kept.regions) && kept.regions.some(isPath) ? kept.regions.filter(isPath).slice(0, MOST_REGIONS) : [...(config.regions ?? [])];
    this.isHot = kept.heat === true;
    this.answer = null;
    this.at = null;
    this.state = 'asking';
    this.message = '';
    this.opened = new Map();
    this.openedXml = null;
    this.marked = [];
    if (!config.addresses?.price) return;
    this.question = this.questionAbout(async () => (await bpmnjs.saveXML({ format: false })).xml, (said) => this.hear(said));
    this.earlier = this.questionAbout(async () => this.openedXml, (said) => this.hearOpened(said));
    eventBus.on('import.done', () => this.begin());
    eventBus.on('commandStack.changed', ({ trigger }) => trigger === 'clear' || this.question.ask());
    eventBus.on('diagram.destroy', () => [this.question, this.earlier].forEach((question) => question.stop()));
  }

  questionAbout(read, done) {
    return new Question({ address: () => this.address(), csrf: this.config.csrf, pause: PAUSE, read, done });
  }

  address() {
    const query = new URLSearchParams(this.regions.map((path) => ['region', path]));
    return `${this.config.addresses.price}?${query}`;
  }

  async begin() {
    if (this.openedXml === null) this.openedXml = (await this.bpmnjs.saveXML({ format: false })).xml;
    this.question.ask(0);
  }

  hear({ state, answer, message = '' }) {
    this.state = state;
    this.message = message;
    if (state === 'answered') {
      this.answer = answer;
      this.at = Date.now();
      if (answer.regions.length && !this.regions.length) this.regions = answer.regions.map(({ path }) => path);
      if (answer.regions.some(({ path }) => !this.opened.has(path))) this.earlier.ask(0);
    } else if (state === 'refused' && this.regions.length && remembered().regions) {
      this.forget(); // a place that is gone, or that may not be seen any more
    }
    this.paint();
    this.tell();
  }

  hearOpened({ state, answer }) {
    if (state !== 'answered') return;
    for (const region of answer.regions) this.opened.set(region.path, region);
    this.tell();
  }

  /** What the place cost when the draft was opened; null where that cannot be compared: other prices were missing. */
  openedAt(region) {
    const before = this.opened.get(region.path);
    return before && before.missing.length === region.missing.length ? before.expected_minor : null;
  }

  tell() {
    this.eventBus.fire('runPrice.changed', { answer: this.answer, state: this.state });
  }

  // places

  choose(index, path) {
    const others = this.regions.filter((each, at) => each !== path || at === index);
    if (others.length < this.regions.length) return;
    this.regions = this.regions.map((each, at) => (at === index ? path : each));
    this.remember();
    this.question.ask(0);
  }

  add(path) {
    if (this.regions.length >= MOST_REGIONS || this.regions.includes(path)) return;
    this.regions = [...this.regions, path];
    this.remember();
    this.question.ask(0);
  }

  remove(index) {
    if (this.regions.length < 2) return;
    this.regions = this.regions.filter((_, at) => at !== index);
    this.remember();
    this.question.ask(0);
  }

  forget() {
    this.regions = [...(this.config.regions ?? [])];
    this.remember();
    this.question.ask();
  }

  remember() {
    try {
      localStorage.setItem(KEY, JSON.stringify({ regions: this.regions, heat: this.isHot }));
    } catch {
      // not kept: the next time begins with the usual places
    }
  }

  // the heat map

  /** The costs of the tasks that colour the diagram: those of the first place that has a price. */
  get shown() {
    return (this.answer?.regions ?? []).find(({ expected_minor: expected }) => expected !== null) ?? null;
  }

  toggleHeat(isHot = !this.isHot) {
    this.isHot = isHot;
    this.remember();
    this.paint();
    this.tell();
  }

  paint() {
    for (const [id, marker] of this.marked) if (this.elementRegistry.get(id)) this.canvas.removeMarker(id, marker);
    this.marked = [];
    if (!this.isHot || !this.shown) return;
    for (const [id, level] of heat(this.shown.tasks)) {
      if (!this.elementRegistry.get(id)) continue;
      this.canvas.addMarker(id, `heat-${level}`);
      this.marked.push([id, `heat-${level}`]);
    }
  }

  select(id) {
    const element = this.elementRegistry.get(id);
    if (!element) return;
    const root = this.canvas.findRoot(element);
    if (root && root !== this.canvas.getRootElement()) this.canvas.setRootElement(root);
    this.selection.select(element);
    this.canvas.scrollToElement(element, 80);
  }
}

export { HEAT_LEVELS };
export default { __init__: ['runPrice'], runPrice: ['type', RunPrice] };
