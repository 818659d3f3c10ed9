/** How a diagram is kept fresh: by the stream, without it, and not at all in a hidden tab. */
import { beforeEach, expect, test } from 'vitest';
import { Live } from '../src/diagram/live.js';

let page;
let drawn;
let modes;

class Source {
  constructor(url) {
    Object.assign(this, { url, readyState: 0, listeners: {} });
    page.sources.push(this);
  }

  addEventListener(name, act) {
    this.listeners[name] = act;
  }

  open() {
    this.readyState = 1;
    this.listeners.open();
  }

  say(data) {
    this.listeners.state({ data });
  }

  refuse() {
    this.readyState = 2;
    this.listeners.error();
  }

  close() {
    this.isClosed = true;
  }
}

function pretended() {
  return {
    sources: [], timers: new Map(), asked: 0, hidden: false, answer: { status: 200, ok: true, text: async () => '{"nodes":{}}' },
    EventSource: Source,
    fetch: async () => {
      page.asked += 1;
      return page.answer;
    },
    isHidden: () => page.hidden,
    onVisibility: (act) => { page.turned = act; },
    every: (act, pause) => add(act, pause),
    later: (act, pause) => add(act, pause),
    stop: (timer) => page.timers.delete(timer)
  };
}

function add(act, pause) {
  const timer = Symbol(pause);
  page.timers.set(timer, { act, pause });
  return timer;
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
const pauses = () => [...page.timers.values()].map(({ pause }) => pause).sort();

function show(hidden) {
  page.hidden = hidden;
  page.turned();
}

function live(given = {}) {
  const made = new Live({ stateUrl: '/state', eventsUrl: '/events', draw: (text) => drawn.push(text), tell: (mode) => modes.push(mode), page, ...given });
  made.start();
  return made;
}

beforeEach(() => {
  page = pretended();
  drawn = [];
  modes = [];
});

test('news come by the stream, and nothing is asked beside it', async () => {
  live();
  await settle();
  page.sources[0].open();
  page.sources[0].say('{"nodes":{"a":{"state":"done"}}}');
  page.sources[0].say('{"nodes":{"a":{"state":"done"}}}');
  expect(drawn).toEqual(['{"nodes":{}}', '{"nodes":{"a":{"state":"done"}}}']);
  expect(modes.at(-1)).toBe('live');
  expect([page.asked, pauses()]).toEqual([1, []]);
});

test('where the stream is refused the state is asked for, and the stream later again', async () => {
  live();
  await settle();
  page.sources[0].refuse();
  expect(modes.at(-1)).toBe('polling');
  expect(pauses()).toEqual([10_000, 60_000]);
  [...page.timers.values()].find(({ pause }) => pause === 60_000).act();
  page.sources[1].open();
  expect([modes.at(-1), page.sources.length]).toEqual(['live', 2]);
  expect(pauses()).not.toContain(10_000);
});

test('a stream that only broke is left to the browser', async () => {
  live();
  await settle();
  page.sources[0].listeners.error();
  expect([modes.at(-1), page.sources.length, pauses()]).toEqual(['lost', 1, []]);
});

test('a hidden tab keeps no stream and asks nothing', async () => {
  live();
  await settle();
  page.sources[0].refuse();
  show(true);
  expect([pauses(), modes.at(-1)]).toEqual([[], 'paused']);
  show(false);
  await settle();
  expect([page.asked, page.sources.length]).toEqual([2, 2]);
  show(true);
  expect(page.sources[1].isClosed).toBe(true);
});

test('a tab that is opened in the background waits until it is looked at', async () => {
  page.hidden = true;
  live();
  await settle();
  expect([page.asked, page.sources.length]).toEqual([0, 0]);
  show(false);
  expect(page.sources.length).toBe(1);
});

test('who is signed out is told once and is not asked for any more', async () => {
  live();
  await settle();
  page.sources[0].open();
  page.sources[0].listeners.end();
  show(true);
  show(false);
  expect([modes.at(-1), page.sources.length, page.asked]).toEqual(['ended', 1, 1]);
});

test('an answer that forbids ends the asking', async () => {
  page.answer = { status: 401, ok: false };
  live({ eventsUrl: '' });
  await settle();
  expect([modes.at(-1), pauses()]).toEqual(['ended', []]);
});

test('without a stream of its own the page asks as before', async () => {
  live({ eventsUrl: undefined });
  await settle();
  expect([modes.at(-1), pauses(), page.sources.length]).toEqual(['polling', [10_000], 0]);
});
