/**
 * Keeping a diagram's state fresh: a stream of events while somebody looks, questions from time to time where the
 * stream is refused, nothing at all in a tab that is hidden.
 *
 * The server sends the whole state at each change, so nothing has to be made up for; a stream that breaks is
 * opened again by the browser itself, with the id of the last event.
 */
const POLL = 10_000;
const AGAIN = 60_000;
export const MODES = ['live', 'polling', 'paused', 'lost', 'ended'];

export class Live {
  /**
   * draw(text): a new state, as JSON text. tell(mode): one of MODES.
   * page: what the browser gives, replaced in tests.
   */
  constructor({ stateUrl, eventsUrl, draw, tell = () => {}, page = browser() }) {
    Object.assign(this, { stateUrl, eventsUrl, draw, tell, page });
    this.last = null;
    this.source = null;
  }

  start() {
    this.page.onVisibility(() => (this.page.isHidden() ? this.pause() : this.resume()));
    if (!this.page.isHidden()) this.resume();
    else this.tell('paused');
  }

  resume() {
    if (this.isEnded) return;
    this.ask();
    this.listen();
  }

  pause() {
    this.close();
    this.page.stop(this.poll);
    this.page.stop(this.again);
    this.poll = this.again = undefined;
    if (!this.isEnded) this.tell('paused');
  }

  close() {
    this.source?.close();
    this.source = null;
  }

  listen() {
    this.close();
    if (!this.eventsUrl || !this.page.EventSource) {
      this.fallBack();
      return;
    }
    const source = new this.page.EventSource(this.eventsUrl);
    this.source = source;
    source.addEventListener('open', () => {
      this.page.stop(this.poll);
      this.poll = undefined;
      this.tell('live');
    });
    source.addEventListener('state', ({ data }) => this.take(data));
    source.addEventListener('end', () => this.end());
    source.addEventListener('error', () => this.broken(source));
  }

  /** The browser tries again by itself, unless the server refused: then the state is asked for. */
  broken(source) {
    if (source !== this.source) return;
    if (source.readyState === 2) {
      this.close();
      this.fallBack();
      this.again ??= this.page.later(() => {
        this.again = undefined;
        if (!this.page.isHidden()) this.listen();
      }, AGAIN);
    } else this.tell('lost');
  }

  fallBack() {
    this.tell('polling');
    this.poll ??= this.page.every(() => this.ask(), POLL);
  }

  end() {
    this.isEnded = true;
    this.pause();
    this.tell('ended');
  }

  async ask() {
    if (!this.stateUrl) return;
    try {
      const answer = await this.page.fetch(this.stateUrl, { credentials: 'same-origin', cache: 'no-cache', headers: { Accept: 'application/json' } });
      if (answer.status === 401 || answer.status === 403 || answer.status === 404) this.end();
      else if (answer.ok) this.take(await answer.text());
      else if (this.poll) this.tell('lost');
    } catch (problem) {
      console.warn('The state was not read, the next try is in a few seconds:', problem);
      if (this.poll) this.tell('lost');
    }
  }

  take(text) {
    const same = text === this.last;
    this.last = text;
    if (!same) this.draw(text);
    if (this.poll) this.tell('polling');
  }
}

function browser() {
  return {
    EventSource: globalThis.EventSource,
    fetch: (...given) => fetch(...given),
    isHidden: () => document.hidden,
    onVisibility: (act) => document.addEventListener('visibilitychange', act),
    every: (act, pause) => setInterval(act, pause),
    later: (act, pause) => setTimeout(act, pause),
    stop: (timer) => clearTimeout(timer) // the same as clearInterval (HTML, 8.6)
  };
}
