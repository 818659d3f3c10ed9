/**
 * A question about the diagram that is asked while somebody draws: after a pause, and only the newest counts.
 *
 * A question that is asked again before it is answered is broken off; what the server could not answer is tried
 * again with growing pauses, so a lost connection heals without anybody doing anything.
 */
const RETRIES = [2_000, 5_000, 15_000, 30_000];

export class Question {
  /** read(): the body, a promise. done({state, answer}) with state "asking", "answered", "refused" or "offline". */
  constructor({ address, csrf, pause, read, done, fetch: send = (...given) => fetch(...given) }) {
    Object.assign(this, { address, csrf, pause, read, done, send });
    this.failures = 0;
  }

  ask(pause = this.pause) {
    this.stop();
    this.timer = setTimeout(() => this.now(), pause);
  }

  stop() {
    clearTimeout(this.timer);
    this.leaving?.abort();
  }

  async now() {
    this.stop();
    const leaving = new AbortController();
    this.leaving = leaving;
    this.done({ state: 'asking' });
    const said = await this.exchange(leaving.signal);
    if (leaving.signal.aborted) return;
    if (said.state !== 'offline') this.failures = 0;
    else this.timer = setTimeout(() => this.now(), RETRIES[Math.min(this.failures++, RETRIES.length - 1)]);
    this.done(said);
  }

  async exchange(signal) {
    try {
      const body = await this.read();
      const answer = await this.send(typeof this.address === 'function' ? this.address() : this.address, {
        method: 'POST', body, signal, credentials: 'same-origin',
        headers: { 'Content-Type': 'application/xml', Accept: 'application/json', 'X-CSRFToken': this.csrf }
      });
      const said = await answer.json().catch(() => null);
      if (answer.ok && said) return { state: 'answered', answer: said };
      return { state: answer.status >= 500 ? 'offline' : 'refused', message: said?.title ?? '' };
    } catch {
      return { state: 'offline' };
    }
  }
}
