import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { speaker } from '../shared/words.js';
import { Cards, elementOfHash } from './cards.js';
import { Live } from './live.js';
import { firstOfInterest, readState } from './state.js';
import { tellTimeline } from './timeline.js';
import { WORDS } from './words.js';

const INK = '#1c2420';
const FONT = '"Source Sans 3", "Source Sans 3 fallback", sans-serif';
const READABLE_ZOOM = 0.55; // below this the names of tasks cannot be read: show a part instead of the whole
const OPENABLE = /^bpmn:(.*Task|CallActivity|SubProcess|Transaction|AdHocSubProcess)$/;
const TONES = ['done', 'going', 'needs', 'fail', 'quiet'];

const byId = (id) => (id ? document.getElementById(id) : null);

/** One diagram: the viewer, its badges, its side pane. */
export class Diagram {
  constructor(place) {
    this.place = place;
    this.say = speaker(document.documentElement.lang, WORDS);
    this.small = place.classList.contains('diagram--small');
    this.cards = new Cards(byId(place.dataset.cardsId), byId(place.dataset.outlineId));
    this.drawn = new Map();
    this.overlayIds = [];
    this.selected = null;
  }

  async start() {
    this.place.setAttribute('role', 'group');
    this.place.setAttribute('aria-label', this.place.dataset.label || document.title);
    this.viewer = new NavigatedViewer({
      container: this.place,
      zoomScroll: { enabled: false },
      bpmnRenderer: { defaultStrokeColor: INK, defaultLabelColor: INK },
      textRenderer: { defaultStyle: { fontFamily: FONT, fontSize: '13px' }, externalStyle: { fontFamily: FONT, fontSize: '12px' } }
    });
    try {
      await document.fonts.load('13px "Source Sans 3"').catch(() => null); // names are measured when they are drawn
      const answer = await fetch(this.place.dataset.bpmnUrl, { credentials: 'same-origin' });
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      this.translate();
      await this.viewer.importXML(await answer.text());
    } catch (problem) {
      this.fail(problem);
      return;
    }
    this.openable = this.service('elementRegistry').filter((element) => OPENABLE.test(element.type) && !element.labelTarget);
    if (!this.small) this.makeUsable();
    await this.refresh();
    this.choose();
    this.look();
    this.place.dataset.ready = 'true';
  }

  /** The reader's words for elements, `data-names`, in place of those in the file. */
  translate() {
    const names = JSON.parse(this.place.dataset.names || '{}');
    this.viewer.on('import.parse.complete', ({ elementsById }) => {
      for (const [id, name] of Object.entries(names)) if (elementsById?.[id]) elementsById[id].name = name;
    });
  }

  service(name) {
    return this.viewer.get(name);
  }

  fail(problem) {
    console.error('The diagram was not drawn:', problem);
    this.viewer.destroy();
    const notice = document.createElement('div');
    notice.className = 'run-notice';
    notice.dataset.tone = 'fail';
    notice.setAttribute('role', 'alert');
    notice.textContent = this.say('failed');
    this.place.replaceChildren(notice);
    this.place.dataset.ready = 'failed';
  }

  // the person: mouse, keyboard, outline, buttons

  makeUsable() {
    this.service('eventBus').on('element.click', ({ element }) => this.select((element.labelTarget ?? element).id));
    if (!this.cards.outline) this.makeOutline();
    this.cards.outline.addEventListener('click', (event) => this.followOutline(event));
    for (const element of this.openable) this.makeFocusable(element);
    this.makeTools();
    this.place.addEventListener('wheel', (event) => this.zoomByWheel(event), { passive: false });
    addEventListener('hashchange', () => this.select(elementOfHash(location.hash), { focus: true }));
  }

  makeFocusable(element) {
    const shape = this.service('elementRegistry').getGraphics(element);
    shape.setAttribute('tabindex', '0');
    shape.setAttribute('role', 'button');
    shape.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      event.stopPropagation();
      this.select(element.id, { focus: true });
    });
    shape.addEventListener('focus', () => shape.matches(':focus-visible') && this.service('canvas').scrollToElement(element, 40));
    this.describe(element);
  }

  describe(element) {
    const state = this.drawn.get(element.id)?.label;
    const name = element.businessObject.name || element.id;
    this.service('elementRegistry').getGraphics(element).setAttribute('aria-label', state ? `${name}: ${state}` : name);
  }

  makeOutline() {
    const outline = document.createElement('ol');
    outline.className = 'run-tasks diagram-outline';
    outline.setAttribute('aria-label', this.say('outline'));
    for (const element of this.openable) {
      const line = document.createElement('li');
      const link = document.createElement('a');
      link.href = `#card-${element.id}`;
      link.textContent = element.businessObject.name || element.id;
      const badge = document.createElement('span');
      badge.className = 'run-badge';
      badge.dataset.empty = 'true';
      line.append(link, badge);
      outline.append(line);
    }
    this.place.after(outline);
    this.cards.outline = outline;
  }

  followOutline(event) {
    const link = event.target.closest('a[href^="#card-"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const id = elementOfHash(new URL(link.href).hash);
    if (!this.service('elementRegistry').get(id)) return;
    event.preventDefault();
    this.select(id, { focus: event.detail === 0 }); // detail 0: by the keyboard
    this.service('canvas').scrollToElement(id, 40);
  }

  makeTools() {
    const tools = document.createElement('div');
    tools.className = 'diagram-tools';
    tools.setAttribute('role', 'toolbar');
    tools.setAttribute('aria-label', this.say('tools'));
    const canvas = this.service('canvas');
    const actions = [
      ['zoom-in', 'in', () => this.service('zoomScroll').stepZoom(1)],
      ['zoom-out', 'out', () => this.service('zoomScroll').stepZoom(-1)],
      ['fullscreen', 'fit', () => canvas.zoom('fit-viewport', 'auto')]
    ];
    for (const [icon, word, action] of actions) {
      const button = document.createElement('button');
      button.type = 'button';
      button.title = this.say(word);
      const picture = document.createElement('span');
      picture.className = `icon icon-${icon}`;
      picture.setAttribute('aria-hidden', 'true');
      const text = document.createElement('span');
      text.className = 'visually-hidden';
      text.textContent = this.say(word);
      button.append(picture, text);
      button.addEventListener('click', action);
      tools.append(button);
    }
    this.place.prepend(tools);
  }

  // the page scrolls under the wheel; with Ctrl (or a pinch on a touch pad) the diagram is zoomed
  zoomByWheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = this.place.getBoundingClientRect();
    const at = { x: event.clientX - box.left, y: event.clientY - box.top };
    this.service('zoomScroll').zoom(-event.deltaY * 0.01, at);
  }

  select(id, { focus = false } = {}) {
    const element = id && this.service('elementRegistry').get(id);
    if (!element || !OPENABLE.test(element.type)) return;
    const canvas = this.service('canvas');
    if (this.selected) canvas.removeMarker(this.selected, 'diagram-selected');
    this.selected = id;
    canvas.addMarker(id, 'diagram-selected');
    if (this.cards.has(id)) this.cards.show(id, { focus });
    this.place.dispatchEvent(new CustomEvent('diagram:select', { bubbles: true, detail: { id } }));
  }

  choose() {
    if (this.small) return;
    const known = (id) => id && this.cards.has(id) && this.service('elementRegistry').get(id);
    const wanted = [elementOfHash(location.hash), firstOfInterest(this.drawn), ...this.cards.ids].find(known);
    if (wanted) this.select(wanted);
  }

  look() {
    const canvas = this.service('canvas');
    const zoom = canvas.zoom('fit-viewport', 'auto');
    if (zoom > 1) canvas.zoom(1, 'auto');
    if (this.small || zoom >= READABLE_ZOOM) return;
    canvas.zoom(READABLE_ZOOM);
    const start = this.selected ?? this.openable[0]?.id;
    if (start) canvas.scrollToElement(start, 60);
  }

  // the state of the instance

  async refresh() {
    const inline = byId(this.place.dataset.stateInlineId);
    if (inline) this.take(JSON.parse(inline.textContent));
    const { stateUrl, eventsUrl } = this.place.dataset;
    if (!stateUrl) return;
    await new Promise((resolve) => {
      this.live = new Live({
        stateUrl, eventsUrl,
        draw: (text) => {
          this.take(JSON.parse(text));
          resolve();
        },
        tell: (mode) => {
          this.sayMode(mode);
          if (mode !== 'live' && mode !== 'polling') resolve(); // nothing will come soon: the diagram stands alone
        }
      });
      this.live.start();
    });
  }

  /** Says beside the diagram whether it is live, and on the diagram for whoever tests or styles it. */
  sayMode(mode) {
    if (this.place.dataset.live === mode) return;
    this.place.dataset.live = mode;
    if (this.small) return;
    if (!this.modeLine) {
      this.modeLine = document.createElement('p');
      this.modeLine.className = 'diagram-live';
      this.modeLine.setAttribute('role', 'status');
      (this.place.closest('.run-diagram') ?? this.place).before(this.modeLine);
    }
    this.modeLine.dataset.mode = mode;
    this.modeLine.textContent = this.say(`mode_${mode}`);
  }

  take(answer) {
    this.draw(readState(answer));
    if (!this.small) tellTimeline(document.querySelector('[data-timeline]'), answer?.timeline);
  }

  draw(drawn) {
    if (this.drawn.size || drawn.size) this.place.dataset.changes = String(Number(this.place.dataset.changes ?? -1) + 1);
    const registry = this.service('elementRegistry');
    const overlays = this.service('overlays');
    this.overlayIds.forEach((id) => overlays.remove(id));
    this.overlayIds = [];
    for (const id of new Set([...this.drawn.keys(), ...drawn.keys()])) if (registry.get(id)) this.mark(id, drawn.get(id));
    this.drawn = drawn;
    for (const [id, node] of drawn) {
      if (!registry.get(id)) continue;
      this.cards.tell(id, node);
      if (node.badges.length) this.overlayIds.push(overlays.add(id, 'run-state', { position: { top: -16, left: 6 }, html: badges(node), scale: { min: 0.8, max: 1.1 } }));
    }
    if (!this.small) this.openable.forEach((element) => this.describe(element));
  }

  mark(id, node) {
    const canvas = this.service('canvas');
    TONES.forEach((tone) => canvas.removeMarker(id, `tone-${tone}`));
    for (let level = 1; level <= 5; level += 1) canvas.removeMarker(id, `heat-${level}`);
    if (node?.tone) canvas.addMarker(id, `tone-${node.tone}`);
    if (node?.heat) canvas.addMarker(id, `heat-${node.heat}`);
  }
}

function badges(node) {
  const row = document.createElement('div');
  row.className = 'diagram-badges';
  for (const { state, text, label } of node.badges) {
    const badge = document.createElement('span');
    badge.className = 'run-badge';
    badge.dataset.state = state;
    badge.title = label;
    const number = document.createElement('span');
    number.setAttribute('aria-hidden', 'true');
    number.textContent = text;
    const words = document.createElement('span');
    words.className = 'visually-hidden';
    words.textContent = label;
    badge.append(number, words);
    row.append(badge);
  }
  return row;
}
