/** Translating side by side: saves each text by itself, tells conflicts, moves by keyboard. Without it, forms post. */

const STATES = { done: 'done', missing: 'incomplete', stale: 'incomplete' };

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** One text: its form, what was last saved, and what is being sent. */
export class TextForm {
  constructor(form, page) {
    this.form = form;
    this.page = page;
    this.area = form.elements.text;
    this.saved = this.area.value;
    this.sending = null;
    this.undecided = false; // somebody else's text is there, and the person has not chosen yet
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.save({ confirm: true });
    });
    this.area.addEventListener('input', () => this.changed());
    this.area.addEventListener('change', () => { if (this.isDirty && !this.undecided) this.save(); });
    this.area.addEventListener('keydown', (event) => this.key(event));
  }

  get isDirty() {
    return this.area.value.trim() !== this.saved.trim();
  }

  changed() {
    this.page.showWaiting();
    const button = this.form.querySelector('button');
    if (button && this.isDirty) button.textContent = this.page.words.save;
  }

  key(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.save({ confirm: true }).then((good) => { if (good) this.page.move(this, 1); });
    } else if (event.key === 'Enter' && 'oneLine' in this.area.dataset) {
      event.preventDefault(); // a text of a form stands in one cell
    } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      this.page.move(this, event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.altKey && event.key.toLowerCase() === 'c') {
      event.preventDefault();
      this.area.value = this.form.querySelector('[data-source]').textContent;
      this.changed();
    }
  }

  /** Saves what is typed. confirm: also when nothing changed, which says that the translation is still right. */
  async save({ confirm = false } = {}) {
    if (this.sending) await this.sending;
    if (!confirm && !this.isDirty) return true;
    this.sending = this.send();
    try {
      return await this.sending;
    } finally {
      this.sending = null;
      this.page.showWaiting();
    }
  }

  async send() {
    const text = this.area.value;
    const { words, fetch } = this.page;
    this.say([words.saving]);
    let answer;
    try {
      answer = await fetch(this.form.action, {
        method: 'POST', body: new URLSearchParams(new FormData(this.form)), credentials: 'same-origin',
        headers: { Accept: 'application/json', 'X-CSRFToken': this.form.elements.csrf_token.value }
      });
    } catch {
      this.say([words.offline], 'fail');
      return false;
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return this.wasSaved(text, told);
    this.say(told.messages ?? told.problems?.map((each) => each.message) ?? [told.title ?? words.offline], 'fail');
    if (told.code === 'text-changed') this.offerBoth(told);
    return false;
  }

  wasSaved(text, told) {
    this.saved = text;
    this.form.elements.before.value = told.seen;
    this.say([this.page.words.saved, ...told.warnings], told.warnings.length ? 'needs' : 'done');
    const badge = this.form.querySelector('[data-state] [data-state]');
    badge.dataset.state = STATES[told.state] ?? 'done';
    badge.textContent = this.page.words[told.state] ?? told.state;
    const button = this.form.querySelector('button');
    if (button) button.textContent = this.page.words.save;
    this.page.showProgress(told);
    return true;
  }

  /** Somebody else translated it meanwhile: their text, and a choice. */
  offerBoth({ text, seen }) {
    const { words } = this.page;
    this.undecided = true;
    const said = this.form.querySelector('[data-said]');
    said.append(element('p', 'run-muted', words.theirText), element('div', 'run-text__words', text));
    const choices = element('div', 'run-text__actions');
    for (const [label, act] of [
      [words.mine, () => this.save({ confirm: true })],
      [words.theirs, () => { this.area.value = this.saved = text; this.say([]); }]
    ]) {
      const button = element('button', 'btn btn-outline-secondary btn-sm', label);
      button.type = 'button';
      button.addEventListener('click', () => {
        this.form.elements.before.value = seen;
        this.undecided = false;
        act();
      });
      choices.append(button);
    }
    said.append(choices);
  }

  say(messages, tone = 'going') {
    const said = this.form.querySelector('[data-said]');
    said.dataset.tone = tone;
    said.replaceChildren(...messages.map((each) => element('p', '', each)));
  }
}

export class TextsPage {
  constructor(root, words, fetcher = (...given) => window.fetch(...given)) {
    this.root = root;
    this.words = words;
    this.fetch = fetcher;
  }

  start() {
    this.forms = [...this.root.querySelectorAll('form[data-text]')].map((form) => new TextForm(form, this));
    addEventListener('beforeunload', (event) => { if (this.waiting.length) event.preventDefault(); });
  }

  get waiting() {
    return this.forms.filter((each) => each.isDirty || each.sending);
  }

  showWaiting() {
    for (const each of this.forms) each.form.classList.toggle('run-text--unsaved', each.isDirty);
  }

  move(from, steps) {
    const next = this.forms[this.forms.indexOf(from) + steps];
    if (!next) return;
    next.area.focus();
    next.form.scrollIntoView({ block: 'nearest' });
  }

  showProgress({ progress, share }) {
    const words = this.root.querySelector('.run-texts__progress .run-progress > span');
    if (words) words.textContent = progress;
    const bar = this.root.querySelector('.run-texts__progress .run-tone-done');
    if (bar) bar.setAttribute('width', `${(share * 100).toFixed(3)}%`);
  }
}
