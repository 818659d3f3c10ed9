import { speaker } from '../shared/words.js';
import { keepFieldsNamed } from './labels.js';
import { openIn } from './language.js';
import { send } from './submission.js';
import { WORDS } from './words.js';

class NotLoaded extends Error {}

async function textOf(address) {
  const answer = await fetch(address, { credentials: 'same-origin' });
  if (!answer.ok) throw new NotLoaded(`${address}: ${answer.status} ${answer.statusText}`);
  return answer.text();
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Everything of the page that is not the renderer: loading, sending, saying. */
class FormPage {
  constructor(place) {
    this.place = place;
    this.settings = place.dataset;
    this.language = place.dataset.lang || document.documentElement.lang || 'en';
    this.say = speaker(this.language, WORDS);
    this.pending = null;
    this.touched = false;
    this.messages = element('div', 'run-form-messages');
    place.before(this.messages);
  }

  async start() {
    try {
      const [formXml, prefill, { mount }] = await Promise.all([textOf(this.settings.xformUrl), this.earlier(), import('./renderer.js')]);
      const drawing = element('div', 'run-form');
      this.place.replaceChildren(drawing);
      mount(drawing, {
        formXml: openIn(formXml, this.language),
        prefill,
        attachments: (name) => fetch(this.addressOf(this.settings.mediaUrl, name), { credentials: 'same-origin' }),
        language: this.language,
        onSubmit: (submission) => this.submit(submission)
      });
      keepFieldsNamed(drawing);
      this.warnOnLeaving();
    } catch (problem) {
      console.error('The form was not loaded:', problem);
      this.place.replaceChildren();
      this.tellProblems([this.say('notLoaded')]);
    }
  }

  addressOf(base, name) {
    const folder = new URL(base || '.', document.baseURI);
    if (!folder.pathname.endsWith('/')) folder.pathname += '/';
    const address = new URL(encodeURIComponent(name), folder);
    address.search = folder.search;
    return address;
  }

  /** The submission that is being corrected, or null. */
  async earlier() {
    const { editUrl, editMediaUrl, editFiles } = this.settings;
    if (!editUrl) return null;
    const folder = editMediaUrl || new URL('.', new URL(editUrl, document.baseURI)).href;
    return {
      xml: await textOf(editUrl),
      fileNames: JSON.parse(editFiles || '[]'),
      file: (name) => fetch(this.addressOf(folder, name), { credentials: 'same-origin' })
    };
  }

  warnOnLeaving() {
    this.place.addEventListener('input', () => { this.touched = true; });
    this.place.addEventListener('change', () => { this.touched = true; });
    addEventListener('beforeunload', (event) => { if (this.touched) event.preventDefault(); });
  }

  async submit(submission) {
    if (this.pending) return false;
    this.pending = submission;
    this.place.inert = true;
    this.tellProgress(0);
    const answer = await send(submission, {
      address: this.settings.submitUrl,
      csrf: this.settings.csrf,
      onProgress: (part) => this.tellProgress(part),
      onRetry: (which) => this.tellStatus(this.say('again', which))
    });
    this.place.inert = false;
    this.pending = null;
    if (answer.meaning === 'sent') this.finish(answer);
    else this.refuse(submission, answer);
    return answer.meaning === 'sent';
  }

  finish(answer) {
    this.touched = false;
    if (!answer.problems.length) {
      this.tellStatus(this.say('sent'));
      if (this.settings.doneUrl) location.assign(this.settings.doneUrl);
      return;
    }
    this.place.replaceChildren();
    const onwards = element('a', 'btn btn-primary', this.say('goOn'));
    onwards.href = this.settings.doneUrl || document.baseURI;
    this.tellProblems(answer.problems, this.say('sentWith'), onwards);
  }

  refuse(submission, answer) {
    if (answer.problems.length) {
      this.tellProblems(answer.problems);
      return;
    }
    const words = answer.meaning === 'retry' ? 'refused' : answer.meaning;
    const retry = element('button', 'btn btn-outline-secondary', this.say('retry'));
    retry.type = 'button';
    retry.addEventListener('click', () => this.submit(submission)); // the same bytes, the same instanceID
    this.tellProblems([this.say(words, { status: answer.status })], undefined, answer.meaning === 'tooLarge' ? undefined : retry);
  }

  tellProgress(part) {
    const percent = Math.round(part * 100);
    let bar = this.messages.querySelector('progress');
    if (!bar) {
      this.tellStatus('');
      bar = element('progress');
      bar.max = 100;
      this.messages.append(bar);
    }
    bar.value = percent;
    bar.setAttribute('aria-label', this.say('sending', { percent }));
    if (percent % 20 === 0) this.messages.querySelector('p').textContent = this.say('sending', { percent });
  }

  tellStatus(words) {
    const line = element('p', 'run-notice', words);
    line.setAttribute('role', 'status');
    line.dataset.tone = 'going';
    this.messages.replaceChildren(line);
  }

  tellProblems(problems, heading = this.say('problems'), action = undefined) {
    const box = element('section', 'run-errors');
    box.setAttribute('role', 'alert');
    box.tabIndex = -1;
    const list = element('ul');
    for (const problem of problems) {
      const { place, message } = typeof problem === 'string' ? { place: '', message: problem } : problem;
      const line = element('li', '', message);
      if (place) line.append(element('span', 'run-errors__place', place));
      list.append(line);
    }
    box.append(element('h2', '', heading), list);
    if (action) box.append(action);
    this.messages.replaceChildren(box);
    box.focus();
  }
}

export function mountPage(place) {
  return new FormPage(place).start();
}
