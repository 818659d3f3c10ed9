/** The page of the modeler: tool bar, list, canvas, properties, problems and price, and the saving between them. */
import { createModeler, lock } from '../modeler.js';
import { exportBpmn, exportPng, exportSvg } from '../files/exports.js';
import { copyOfDraft, leftOut, makeDraft, newerNamespaces, open, takeDrops } from '../files/imports.js';
import runLint from '../lint/index.js';
import { isBlocking } from '../lint/merge.js';
import { lintPanel } from '../lint/panel.js';
import { flushDrafts } from '../panel/draft.js';
import { money } from '../price/figures.js';
import runPrice from '../price/index.js';
import { pricePanel } from '../price/panel.js';
import { Autosave, whatToOpen } from '../saving/autosave.js';
import { keeper } from '../saving/kept.js';
import { DESCRIPTOR } from '../schema.js';
import { Vocabulary } from '../vocabulary.js';
import { missing, translator } from '../words/translate.js';
import { button, download, icon, made } from './elements.js';
import { frame } from './frame.js';
import { bindKeys } from './keys.js';
import { toolbar } from './toolbar.js';

const LIVE = [runLint, runPrice];
const PANELS = { lintPanel, pricePanel };
const XML_LIMIT = 5_000_000;
const MARGIN = 30;
const READABLE_ZOOM = 0.6;
const START_ZOOM = 0.75;

export class ModelerPage {
  constructor(place, settings) {
    this.place = place;
    this.settings = settings;
    this.t = translator(settings.language, settings.words ?? {});
    this.draft = settings.draft;
    this.kept = keeper({ draft: settings.draft.id, person: settings.draft.person });
  }

  async start() {
    const { t, settings } = this;
    this.frame = frame(this.place, { t, panels: PANELS });
    this.run = {
      addresses: settings.addresses, csrf: settings.csrf, language: settings.language, languages: settings.languages,
      regions: settings.regions, translate: t, draft: settings.draft, readOnly: Boolean(settings.draft.readOnly),
      vocabulary: new Vocabulary(settings.language), feel: feelChecker(settings), openProperties: () => this.openProperties()
    };
    const vocabulary = this.askVocabulary();
    const [diagram] = await Promise.all([this.load(), document.fonts.load('13px "Source Sans 3"').catch(() => null)]);
    if (!diagram) return;
    this.modeler = createModeler({ container: this.frame.canvas, run: this.run, extra: LIVE });
    this.modeler.get('runOutline').attachTo(this.frame.outline);
    this.modeler.get('runPanel').attachTo(this.frame.properties);
    this.autosave = this.makeAutosave(diagram.etag);
    toolbar(this.frame.tools, this);
    bindKeys(this);
    for (const [name, container] of Object.entries(this.frame.live)) PANELS[name](container, this.modeler);
    this.countOnTabs();
    await this.openFirst(diagram);
    this.follow();
    this.place.dataset.ready = 'true';
    if (settings.testing) Object.assign(window, { modeler: this.modeler, modelerPage: this, untranslated: missing });
    await this.takeVocabulary(vocabulary);
    this.openNamed();
  }

  /** An address may name the element to begin at: other pages lead to what has to be mended. */
  openNamed() {
    const element = location.hash.length > 1 && this.modeler.get('elementRegistry').get(decodeURIComponent(location.hash.slice(1)));
    if (element) this.modeler.get('runOutline').choose(element, { open: true });
  }

  // opening

  async load() {
    try {
      const answer = await fetch(this.settings.addresses.diagram, { credentials: 'same-origin', cache: 'no-store' });
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      return { xml: await answer.text(), etag: answer.headers.get('ETag') ?? this.draft.etag };
    } catch (problem) {
      return this.loadKept(problem);
    }
  }

  /** Without the server: what is kept on this computer, if anything. */
  async loadKept(problem) {
    const entry = await this.kept.read().catch(() => null);
    if (entry?.xml) return { xml: entry.xml, etag: entry.etag, offline: true };
    console.error('The diagram was not loaded:', problem);
    this.banner('fail', this.t('The diagram could not be loaded. Check the connection and load the page again.'));
    return null;
  }

  async openFirst(diagram) {
    const entry = await this.kept.read().catch(() => null);
    let which = diagram.offline || this.run.readOnly ? 'server' : whatToOpen(entry, diagram.etag);
    if (which === 'both' && await this.autosave.continues(entry)) {
      which = entry.at > (entry.sent?.at ?? Infinity) ? 'kept' : 'server';
      if (which === 'server') await this.kept.remove().catch(() => null);
    }
    await this.show(which === 'server' ? diagram.xml : entry.xml);
    if (diagram.offline || (which === 'kept' && entry.xml !== diagram.xml)) {
      this.banner('going', this.t('What you changed last time and was kept on this computer is back.'));
      this.autosave.changed();
    } else if (which === 'both') {
      this.autosave.version += 1;
      this.autosave.tell('conflict', { at: undefined });
    } else this.autosave.tell('saved', {});
    if (this.run.readOnly && entry && entry.xml !== diagram.xml) {
      this.offerMine(this.t('What you changed last time could not be saved here any more.'), this.fileOf(entry.xml));
    }
  }

  /** Draw a diagram; what cannot be read fully is opened for reading only. */
  async show(xml) {
    const { t } = this;
    let result;
    try {
      result = await open(this.modeler, xml);
    } catch (problem) {
      console.error('The diagram cannot be drawn:', problem);
      this.banner('fail', t('This file cannot be drawn: %(reason)s', { reason: problem.message.split('\n')[0] }));
      this.makeReadOnly();
      return;
    }
    if (newerNamespaces(xml, DESCRIPTOR.uri).length || leftOut(result.warnings)) {
      this.makeReadOnly();
      this.banner('needs', t('This service was made with a newer version of RUN. You can look at it; changing it here would lose what this version does not know.'));
    } else if (this.draft.readOnly) {
      this.makeReadOnly();
      this.banner('going', t('You can look at this draft, not change it: it is in review, published, or not yours to change.'));
    }
    if (result.laidOut && !this.run.readOnly) {
      this.banner('going', t('The file held no drawing; one was made. Move the elements as you like.'));
      this.autosave.changed();
    }
    this.look();
  }

  makeReadOnly() {
    this.run.readOnly = true;
    this.place.classList.add('mm--read-only');
    lock(this.modeler);
  }

  /** The whole diagram beside the palette; where its words could not be read, its beginning. */
  look() {
    const whole = this.fit();
    if (whole >= READABLE_ZOOM) return;
    const canvas = this.modeler.get('canvas');
    const start = this.modeler.get('elementRegistry').find((element) => element.type === 'bpmn:StartEvent');
    if (start) this.showAround(START_ZOOM, { x: start.x, y: start.y + start.height / 2 }, canvas);
  }

  showAround(scale, { x, y }, canvas) {
    const { outer } = canvas.viewbox();
    const width = outer.width / scale;
    const height = outer.height / scale;
    canvas.viewbox({ x: x - (this.paletteWidth() + MARGIN) / scale, y: y - height / 2, width, height });
  }

  /** Pixels that the palette covers at the left: it has one column or two. */
  paletteWidth() {
    const palette = this.frame.canvas.querySelector('.djs-palette');
    return palette && !this.run.readOnly ? palette.offsetLeft + palette.offsetWidth : 0;
  }

  /** Show all of it, the palette not in the way; gives the scale. */
  fit() {
    const canvas = this.modeler.get('canvas');
    const { inner, outer } = canvas.viewbox();
    if (!inner.width || !outer.width) return 1;
    const left = this.paletteWidth() + MARGIN;
    const scale = Math.min(1, (outer.width - left - MARGIN) / inner.width, (outer.height - 2 * MARGIN) / inner.height);
    const width = outer.width / scale;
    const height = outer.height / scale;
    canvas.viewbox({ x: inner.x - (left + (outer.width - left - MARGIN - inner.width * scale) / 2) / scale, y: inner.y + inner.height / 2 - height / 2, width, height });
    return scale;
  }

  /** Asked for with the diagram, so that names are there when the first card is opened. */
  async askVocabulary() {
    try {
      const answer = await fetch(this.settings.addresses.vocabulary, { credentials: 'same-origin' });
      if (!answer.ok) throw new Error(`${answer.status}`);
      return await answer.json();
    } catch (problem) {
      console.warn('Names of items, units and skills were not loaded:', problem);
      return null;
    }
  }

  async takeVocabulary(asked) {
    const known = await asked;
    if (known) {
      this.run.vocabulary = new Vocabulary(this.settings.language, known);
      this.modeler.get('eventBus').fire('run.vocabulary', {});
    }
    this.place.dataset.vocabulary = 'true';
  }

  /** How many problems there are and what the first place pays, on the tabs: seen while they are closed. */
  countOnTabs() {
    const eventBus = this.modeler.get('eventBus');
    eventBus.on('runLint.changed', ({ problems }) => {
      const toFix = problems.filter(isBlocking).length;
      this.frame.note('lintPanel', toFix || '', toFix ? 'fail' : 'quiet');
    });
    eventBus.on('runPrice.changed', ({ answer }) => {
      const first = answer?.regions?.find(({ expected_minor: expected }) => expected !== null);
      const amount = first ? `${money(first.expected_minor, first.minor_digits ?? answer.minor_digits, this.settings.language)} ${first.currency ?? answer.currency ?? ''}`.trim() : '';
      this.frame.note('pricePanel', amount, 'quiet');
    });
  }

  // saving

  makeAutosave(etag) {
    const { addresses, csrf } = this.settings;
    return new Autosave({
      draft: { id: this.draft.id, address: addresses.diagram, etag, csrf },
      read: async () => (await this.modeler.saveXML({ format: true })).xml,
      keep: this.kept,
      renew: () => this.newToken(),
      tell: (state, details) => this.tellState(state, details)
    });
  }

  /** The token of the session as it is now: somebody signed in again in another tab. */
  async newToken() {
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin' });
      if (!answer.ok || answer.redirected) return null;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const token = page.querySelector('meta[name="csrf-token"]')?.content ?? null;
      if (token) this.run.csrf = this.settings.csrf = token;
      return token;
    } catch {
      return null;
    }
  }

  follow() {
    const eventBus = this.modeler.get('eventBus');
    eventBus.on('commandStack.changed', ({ trigger }) => {
      if (trigger !== 'clear' && !this.run.readOnly) this.autosave.changed();
    });
    addEventListener('online', () => this.autosave.save());
    addEventListener('focus', () => this.autosave.state === 'signedOut' && this.autosave.save());
    document.addEventListener('visibilitychange', () => document.hidden && this.saveNow());
    addEventListener('beforeunload', (event) => {
      this.saveNow(); // goes on when the page is left all the same
      if (this.autosave.unsaved) event.preventDefault();
    });
    takeDrops(this.place, (file) => this.takeFile(file));
  }

  saveNow() {
    flushDrafts();
    return this.autosave.save();
  }

  stateWords(state, details) {
    const { t } = this;
    const time = details.at ? new Date(details.at).toLocaleTimeString(this.settings.language, { hour: '2-digit', minute: '2-digit' }) : '';
    const here = details.here === false ? t('not kept: this browser keeps nothing') : t('kept on this computer');
    const words = {
      saved: time ? t('Saved %(time)s', { time }) : t('Saved'),
      changed: t('Changed, will be saved'),
      saving: t('Saving…'),
      offline: t('Offline: %(here)s', { here }),
      conflict: t('Somebody else saved: choose'),
      signedOut: t('Signed out: %(here)s. Sign in in another tab and come back.', { here }),
      tooLarge: t('Too large for the server: %(here)s', { here }),
      refused: details.message ? t('Not saved: %(reason)s', { reason: details.message }) : t('Not saved: %(here)s', { here })
    };
    return this.run.readOnly ? t('Read only') : words[state];
  }

  tellState(state, details) {
    const looks = { saved: ['done', 'cloud-check'], changed: ['quiet', 'pencil'], saving: ['quiet', 'pencil'], offline: ['needs', 'cloud-slash'] };
    const [tone, symbol] = looks[state] ?? ['fail', 'exclamation-triangle'];
    const line = document.getElementById('save-state');
    if (line) {
      line.dataset.tone = tone;
      line.dataset.saveState = state;
      line.replaceChildren(icon(symbol), ` ${this.stateWords(state, details)}`);
    }
    if (state === 'conflict') this.resolve(details);
    if (state === 'refused') this.offerMyWork(details.message);
  }

  /** The draft takes no more changes, or not this one: what was changed is still the person's. */
  async offerMyWork(reason) {
    if (this.offered === reason) return;
    this.offered = reason;
    this.offerMine(this.stateWords('refused', { message: reason }), await this.myFile());
  }

  offerMine(words, mine) {
    const { t } = this;
    const copy = button(t('Keep mine as a copy'), 'run-link', () => this.keepAsCopy(mine));
    const file = button(t('Download mine'), 'run-link', () => download(mine, mine.name));
    this.banner('needs', words, made('p', 'run-actions', [copy, file]));
  }

  fileOf(xml) {
    return new File([xml], `${this.draft.code || 'service'}.bpmn`, { type: 'application/bpmn+xml' });
  }

  async myFile() {
    return this.fileOf((await this.modeler.saveXML({ format: true })).xml);
  }

  /** A new draft with the forms of this one and the diagram as it is here; whether there is one. */
  async keepAsCopy(mine) {
    try {
      const address = await copyOfDraft(this.draftsAddress(), this.settings.csrf, this.draft.id, mine);
      this.autosave.savedVersion = this.autosave.version;
      await this.kept.remove().catch(() => null);
      location.assign(address);
      return true;
    } catch (problem) {
      console.warn('No copy was made:', problem);
      this.banner('fail', this.t('The copy could not be made; your changes are kept on this computer.'));
      return false;
    }
  }

  /** Somebody else saved meanwhile: a person chooses. */
  async resolve(told) {
    if (this.resolving) return;
    this.resolving = true;
    const { askWhich } = await import('../saving/conflict.js');
    const { t } = this;
    const theirs = async () => this.load();
    const choice = await askWhich({ t, language: this.settings.language, told, theirs: async () => (await theirs()).xml });
    this.resolving = false;
    const mine = await this.myFile();
    if (choice === 'copy') {
      if (!await this.keepAsCopy(mine)) this.autosave.tell('conflict', told);
      return;
    }
    const latest = await theirs();
    if (!latest) return;
    await this.show(latest.xml);
    this.autosave.adopt(latest.etag);
    await this.kept.remove().catch(() => null);
    this.banner('going', t('This is their version.'), button(t('Download mine'), 'run-link', () => download(mine, mine.name)));
  }

  // files

  draftsAddress() {
    return this.settings.addresses.drafts ?? this.settings.addresses.overview.replace(/\/[^/]+$/, '');
  }

  async takeFile(file) {
    const { t } = this;
    if (file.size > XML_LIMIT) {
      this.banner('fail', t('%(name)s is too large: at most 5 MB.', { name: file.name }));
      return;
    }
    await this.saveNow();
    this.banner('going', t('A new draft is made of %(name)s…', { name: file.name }));
    try {
      location.assign(await makeDraft(this.draftsAddress(), this.settings.csrf, file));
    } catch {
      this.banner('fail', t('No draft could be made of %(name)s: it is not a BPMN file, or the server cannot be reached.', { name: file.name }));
    }
  }

  fileName() {
    return [this.draft.code || 'service', this.draft.version].filter(Boolean).join('-');
  }

  export(kind) {
    flushDrafts();
    return { bpmn: exportBpmn, svg: exportSvg, png: exportPng }[kind](this.modeler, this.fileName());
  }

  // the page

  openProperties() {
    this.frame.showPane('properties');
    // when the card of what was just selected is drawn
    requestAnimationFrame(() => setTimeout(() => this.frame.properties.querySelector('.mp-scroll summary, .mp-scroll input')?.focus()));
  }

  banner(tone, words, action = undefined) {
    const line = made('div', 'run-notice', [
      icon({ going: 'info-circle', needs: 'exclamation-triangle', fail: 'x-circle' }[tone]), made('div', '', [made('p', '', words), action])
    ]);
    line.dataset.tone = tone;
    line.setAttribute('role', tone === 'fail' ? 'alert' : 'status');
    this.frame.banners.replaceChildren(line);
    if (tone === 'going') line.append(button(this.t('Close'), 'run-link', () => line.remove()));
  }
}

/** Asks the server what a formula gives; null when it cannot be asked. */
function feelChecker(settings) {
  const { addresses } = settings;
  const known = new Map();
  if (!addresses.feel) return null;
  return async (text, kind, context, signal) => {
    const body = JSON.stringify({ text, kind, context });
    if (known.has(body)) return known.get(body);
    try {
      const answer = await fetch(addresses.feel, {
        method: 'POST', body, signal, credentials: 'same-origin', headers: { 'Content-Type': 'application/json', 'X-CSRFToken': settings.csrf }
      });
      if (!answer.ok) return null;
      const said = await answer.json();
      known.set(body, said);
      return said;
    } catch {
      return null;
    }
  };
}
