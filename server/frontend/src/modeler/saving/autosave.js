/**
 * Saving by itself: every change is kept on this computer at once and on the server a moment later.
 *
 * A save says which revision it began with (If-Match); when somebody saved meanwhile the server refuses (412), nothing
 * is overwritten, and a person chooses. An answer that is lost is no conflict: what was sent is sent again, and the
 * server takes what it holds already as done. States: saved, changed, saving, offline, conflict, refused, signedOut, tooLarge.
 * Source: RFC 9110, 13.1.1 (If-Match, a request that has already succeeded) and 15.5.13 (412).
 */

export const KEEP_AFTER = 250;
export const SAVE_AFTER = 1200;
export const RETRY_AFTER = 15_000;
/** Bytes that a browser still sends for a page that is left: Fetch standard, 4.6, allows 64 KiB. */
export const OUTLIVES = 60_000;
/** Diagrams that were sent and never answered for: any of them may have arrived. */
const UNANSWERED = 5;

export class Autosave {
  /**
   * draft: {id, address, etag, csrf}. read(): the XML. keep: write(entry), remove(), sent(xml, at) at once. tell(state, details).
   * renew(): the token of a session that was opened anew, or null. request, now, wait, stop: fetch, the clock and
   * timers; tests bring their own.
   */
  constructor({ draft, read, keep, tell, renew = async () => null, request = (...all) => fetch(...all), now = () => Date.now(), wait = (...all) => setTimeout(...all), stop = (timer) => clearTimeout(timer) }) {
    Object.assign(this, { draft, read, keep, renew, request, now, wait, stop });
    this.telling = tell;
    this.etag = draft.etag;
    this.state = 'saved';
    this.version = 0;
    this.savedVersion = 0;
    this.timers = {};
    this.running = null;
    this.unanswered = [];
  }

  /** Whether leaving now would leave something behind that the server does not have. */
  get unsaved() {
    return this.version !== this.savedVersion;
  }

  tell(state, details = {}) {
    this.state = state;
    this.details = details;
    this.telling(state, details);
  }

  /** The diagram was changed. */
  changed() {
    this.version += 1;
    this.later('keep', KEEP_AFTER, () => this.keepHere());
    if (this.state === 'conflict') return;
    this.later('save', SAVE_AFTER, () => this.save());
    if (this.state !== 'saving' && this.state !== 'offline') this.tell('changed');
  }

  later(name, after, act) {
    this.stop(this.timers[name]);
    this.timers[name] = this.wait(act, after);
  }

  async keepHere() {
    try {
      await this.keep.write({ xml: await this.read(), etag: this.etag, at: this.now() });
      return true;
    } catch (problem) {
      console.warn('The browser keeps nothing on this computer:', problem);
      return false;
    }
  }

  /** Save now; one after the other when it is already going on. */
  async save() {
    if (this.running) {
      await this.running;
      if (!this.unsaved || this.state === 'conflict') return;
    }
    if (!this.unsaved || this.state === 'conflict') return;
    this.running = this.put();
    try {
      await this.running;
    } finally {
      this.running = null;
    }
  }

  async put() {
    this.stop(this.timers.save);
    this.stop(this.timers.retry);
    const version = this.version;
    if (this.state === 'signedOut') this.draft.csrf = (await this.renew()) ?? this.draft.csrf;
    this.tell('saving');
    const xml = await this.read();
    this.keep.sent(xml, this.now());
    let answer;
    try {
      answer = await this.send(xml, new Blob([xml]).size <= OUTLIVES);
      if (answer.status === 412 && await this.hadArrived(this.unanswered)) answer = await this.send(xml);
    } catch {
      this.unanswered = [...this.unanswered, xml].slice(-UNANSWERED);
      await this.waitOffline();
      return;
    }
    if (answer.status >= 500) this.unanswered = [...this.unanswered, xml].slice(-UNANSWERED);
    await this.understand(answer, version);
  }

  /** keepalive: also when the page is left; all that is under way at once shares the same 64 KiB. */
  send(xml, keepalive = false) {
    return this.request(this.draft.address, {
      method: 'PUT', body: xml, credentials: 'same-origin', keepalive,
      headers: { 'Content-Type': 'application/xml', 'If-Match': this.etag, 'X-CSRFToken': this.draft.csrf }
    });
  }

  /** Whether the server holds one of these diagrams, sent before without an answer; goes on from it then. */
  async hadArrived(diagrams) {
    for (const xml of [...diagrams].reverse()) {
      const answer = await this.send(xml);
      if (!answer.ok || answer.redirected) continue;
      this.etag = answer.headers.get('ETag') ?? this.etag;
      this.unanswered = [];
      return true;
    }
    return false;
  }

  /** Whether the server's diagram is what a page that is gone had sent: then nobody else saved. */
  async continues(entry) {
    const latest = this.etag;
    this.etag = entry.etag;
    const arrived = await this.hadArrived([entry.xml, entry.sent?.xml].filter(Boolean)).catch(() => false);
    this.etag = latest;
    return arrived;
  }

  async understand(answer, version) {
    // a redirection leads to the page for signing in: whatever that answers, nothing was saved
    if (answer.ok && answer.redirected) await this.stopFor('signedOut');
    else if (answer.ok) await this.finish(answer, version);
    else if (answer.status === 412) this.tell('conflict', { ...(await body(answer)), mine: true });
    else if (answer.status === 401 || answer.status === 403) await this.stopFor('signedOut');
    else if (answer.status === 413) await this.stopFor('tooLarge');
    else if (answer.status >= 500 || answer.status === 429) await this.waitOffline();
    else await this.stopFor('refused', { message: wordsOf(await body(answer)), status: answer.status });
  }

  async finish(answer, version) {
    this.etag = answer.headers.get('ETag') ?? this.etag;
    this.savedVersion = version;
    this.unanswered = [];
    if (this.unsaved) {
      this.later('save', SAVE_AFTER, () => this.save());
      this.tell('changed');
      return;
    }
    this.stop(this.timers.keep);
    this.tell('saved', { at: this.now() });
    await this.keep.remove().catch(() => null);
  }

  async waitOffline() {
    const here = await this.keepHere();
    this.tell('offline', { here });
    this.later('retry', RETRY_AFTER, () => this.save());
  }

  async stopFor(state, details = {}) {
    const here = await this.keepHere();
    this.tell(state, { here, ...details });
  }

  /** Begin anew with what the server has. */
  adopt(etag) {
    this.stop(this.timers.save);
    this.stop(this.timers.keep);
    this.etag = etag;
    this.unanswered = [];
    this.savedVersion = this.version;
    this.tell('saved', { at: this.now() });
  }
}

async function body(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}

/** What a refusal says, whatever its shape: RFC 9457 detail or title, or our problems. */
function wordsOf(told) {
  const problems = (told.problems ?? []).map((each) => each.message).filter(Boolean);
  return problems.length ? problems.join(' ') : (told.detail ?? told.message ?? told.title ?? '');
}

/**
 * What to open: "server" (nothing was kept), "kept" (it continues the server's revision), or "both" (somebody saved
 * meanwhile, so a person chooses).
 */
export function whatToOpen(entry, etag) {
  if (!entry?.xml) return 'server';
  return entry.etag === etag ? 'kept' : 'both';
}
