import { beforeEach, describe, expect, test } from 'vitest';
import { Autosave, KEEP_AFTER, OUTLIVES, RETRY_AFTER, SAVE_AFTER, whatToOpen } from '../../src/modeler/saving/autosave.js';

/** A clock whose timers fire when it is put forward, and a server that answers what it is told to. */
class World {
  constructor() {
    this.time = 0;
    this.timers = [];
    this.sent = [];
    this.answers = [];
    this.entries = new Map();
    this.told = [];
    this.xml = '<a/>';
  }

  wait = (act, after) => {
    const timer = { act, at: this.time + after };
    this.timers.push(timer);
    return timer;
  };

  stop = (timer) => { this.timers = this.timers.filter((each) => each !== timer); };

  async pass(milliseconds) {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.stop(next);
      this.time = next.at;
      await next.act();
    }
    this.time = end;
    await new Promise((resolve) => { setTimeout(resolve); });
  }

  request = async (address, { body, headers, keepalive }) => {
    this.outlives = keepalive;
    this.sent.push({ address, body, match: headers['If-Match'], csrf: headers['X-CSRFToken'] });
    const answer = this.answers.shift() ?? ok('"2"');
    if (answer instanceof Error) throw answer;
    return answer;
  };

  autosave() {
    return new Autosave({
      draft: { id: 'd', address: '/d', etag: '"1"', csrf: 'token' },
      read: async () => this.xml,
      keep: { write: async (entry) => { this.entries.set('d', entry); }, remove: async () => { this.entries.delete('d'); }, sent: (xml) => { this.noted = xml; } },
      tell: (state, details) => this.told.push([state, details]),
      request: this.request, now: () => this.time, wait: this.wait, stop: this.stop
    });
  }

  get states() {
    return this.told.map(([state]) => state);
  }
}

const ok = (etag) => ({ ok: true, status: 204, headers: new Headers({ ETag: etag }) });
const refused = (status, said = {}) => ({ ok: false, status, headers: new Headers(), json: async () => said });

describe('saving by itself', () => {
  let world;
  let autosave;
  beforeEach(() => {
    world = new World();
    autosave = world.autosave();
  });

  test('a change is kept here at once and on the server a moment later', async () => {
    autosave.changed();
    await world.pass(KEEP_AFTER);
    expect(world.entries.get('d')).toMatchObject({ xml: '<a/>', etag: '"1"' });
    expect(world.sent).toEqual([]);
    await world.pass(SAVE_AFTER);
    expect(world.sent).toEqual([{ address: '/d', body: '<a/>', match: '"1"', csrf: 'token' }]);
    expect(world.states).toEqual(['changed', 'saving', 'saved']);
    expect(world.entries.size).toBe(0);
    expect(autosave.unsaved).toBe(false);
  });

  test('what fits is sent even when the page is left meanwhile', async () => {
    autosave.changed();
    await autosave.save();
    expect(world.outlives).toBe(true);
    world.xml = 'é'.repeat(OUTLIVES / 2 + 1);
    autosave.changed();
    await autosave.save();
    expect(world.outlives).toBe(false);
  });

  test('the next save begins with what the last one was answered', async () => {
    autosave.changed();
    await world.pass(2000);
    autosave.changed();
    await world.pass(2000);
    expect(world.sent.map(({ match }) => match)).toEqual(['"1"', '"2"']);
  });

  test('a change while it is being saved is saved too', async () => {
    const before = world.request;
    autosave.request = async (...all) => {
      if (!world.sent.length) autosave.changed();
      return before(...all);
    };
    autosave.changed();
    await world.pass(5000);
    expect(world.sent.length).toBe(2);
    expect(autosave.unsaved).toBe(false);
  });

  test('nothing is overwritten when somebody saved meanwhile, and no more is sent until a person chose', async () => {
    world.answers.push(refused(412, { by: 'Elise', at: '2026-06-17T10:00:00Z', etag: '"9"' }));
    autosave.changed();
    await world.pass(2000);
    expect(world.told.at(-1)).toEqual(['conflict', { by: 'Elise', at: '2026-06-17T10:00:00Z', etag: '"9"', mine: true }]);
    autosave.changed();
    await world.pass(60_000);
    expect(world.sent.length).toBe(1);
    expect(world.entries.get('d').xml).toBe('<a/>');
    autosave.adopt('"9"');
    world.xml = '<b/>';
    autosave.changed();
    await world.pass(2000);
    expect(world.sent.at(-1)).toMatchObject({ body: '<b/>', match: '"9"' });
  });

  test('what arrived though its answer was lost is no conflict: it is sent again, and the rest after it', async () => {
    world.answers.push(new TypeError('lost'), refused(412), ok('"2"'), ok('"3"'));
    autosave.changed();
    await world.pass(2000);
    world.xml = '<b/>';
    autosave.changed();
    await world.pass(2000);
    expect(world.sent.slice(1).map(({ body, match }) => [body, match])).toEqual([['<b/>', '"1"'], ['<a/>', '"1"'], ['<b/>', '"2"']]);
    expect([autosave.state, autosave.etag]).toEqual(['saved', '"3"']);
  });

  test('a conflict stays one when what was sent without an answer had not arrived', async () => {
    world.answers.push(new TypeError('lost'), refused(412), refused(412));
    autosave.changed();
    await world.pass(2000);
    world.xml = '<b/>';
    autosave.changed();
    await world.pass(2000);
    expect([autosave.state, autosave.etag]).toEqual(['conflict', '"1"']);
  });

  test('what a page that is gone had sent is known again on the server', async () => {
    world.answers.push(refused(412), ok('"4"'));
    expect(await autosave.continues({ xml: '<b/>', etag: '"3"', sent: { xml: '<c/>', at: 1 } })).toBe(true);
    expect(world.sent.map(({ body, match }) => [body, match])).toEqual([['<c/>', '"3"'], ['<b/>', '"3"']]);
    expect(autosave.etag).toBe('"1"');
  });

  test.each([[new TypeError('Failed to fetch')], [refused(503)], [refused(429)]])('without the server it is kept here and tried again (%#)', async (answer) => {
    world.answers.push(answer);
    autosave.changed();
    await world.pass(2000);
    expect(world.told.at(-1)).toEqual(['offline', { here: true }]);
    expect(world.entries.get('d').xml).toBe('<a/>');
    expect(autosave.unsaved).toBe(true);
    await world.pass(RETRY_AFTER);
    expect(world.told.at(-1)[0]).toBe('saved');
    expect(world.entries.size).toBe(0);
  });

  test.each([[401, 'signedOut'], [403, 'signedOut'], [413, 'tooLarge'], [422, 'refused']])('an answer of %s is said and the change kept', async (status, state) => {
    world.answers.push(refused(status, { detail: 'It is no BPMN.' }));
    autosave.changed();
    await world.pass(2000);
    expect(world.told.at(-1)[0]).toBe(state);
    expect(world.entries.get('d').xml).toBe('<a/>');
    if (state === 'refused') expect(world.told.at(-1)[1].message).toBe('It is no BPMN.');
  });

  test('an answer of the page for signing in is no saving', async () => {
    world.answers.push({ ...ok(null), redirected: true });
    autosave.changed();
    await world.pass(2000);
    expect(world.told.at(-1)[0]).toBe('signedOut');
    expect(autosave.unsaved).toBe(true);
  });

  test('after signing in again it is saved with the new token', async () => {
    autosave.renew = async () => 'new';
    world.answers.push(refused(401));
    autosave.changed();
    await world.pass(2000);
    await autosave.save();
    expect(world.sent.at(-1).csrf).toBe('new');
    expect(world.told.at(-1)[0]).toBe('saved');
  });

  test('a browser that keeps nothing is said so', async () => {
    autosave.keep.write = async () => { throw new Error('private'); };
    world.answers.push(new TypeError('Failed to fetch'));
    autosave.changed();
    await world.pass(2000);
    expect(world.told.at(-1)).toEqual(['offline', { here: false }]);
  });
});

test.each([
  [undefined, '"1"', 'server'], [{ etag: '"1"' }, '"1"', 'server'], [{ xml: '<a/>', etag: '"1"' }, '"1"', 'kept'], [{ xml: '<a/>', etag: '"1"' }, '"2"', 'both']
])('what is kept is opened only where nobody else saved (%#)', (entry, etag, which) => {
  expect(whatToOpen(entry, etag)).toBe(which);
});
