/** Live lint and price: which findings are shown while the server thinks, and the numbers of the price panel. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { byElement, counted, merged, worstFirst } from '../src/modeler/lint/merge.js';
import { Question } from '../src/modeler/lint/question.js';
import { band, heat, minutesSince, money, spanOf, trend } from '../src/modeler/price/figures.js';

const problem = (code, severity = 'error', element = 'a') => ({ code, severity, element, message: code });

describe('findings', () => {
  const rules = { codes: ['missing-title'], isThere: (id) => id === 'a' };

  test('what the browser knows itself is not taken from an older report', () => {
    const shown = merged([problem('missing-title', 'error', 'b')], [problem('missing-title'), problem('deadlock')], rules);
    expect(shown.map(({ code, element }) => [code, element])).toEqual([['missing-title', 'b'], ['deadlock', 'a']]);
    expect(shown[1].earlier).toBe(true);
  });

  test('a finding of the server goes with its element', () => {
    expect(merged([], [problem('deadlock', 'warning', 'gone'), problem('too-complex', 'warning', '')], rules).map(({ code }) => code)).toEqual(['too-complex']);
  });

  test('the worst comes first, otherwise the order of the diagram stays', () => {
    const all = [problem('c', 'info'), problem('a', 'warning'), problem('b', 'error', 'z'), problem('d', 'error')];
    expect(worstFirst(all).map(({ code }) => code)).toEqual(['b', 'd', 'a', 'c']);
    expect(counted(all)).toEqual({ fix: 2, look: 1, know: 1 });
    expect(byElement(all).get('a').map(({ code }) => code)).toEqual(['d', 'a', 'c']);
  });
});

describe('a question', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const answer = (body, status = 200) => ({ ok: status < 400, status, json: async () => body });
  const asked = (send) => {
    const heard = [];
    const question = new Question({ address: '/x', csrf: 't', pause: 500, read: async () => '<a/>', done: (said) => heard.push(said), fetch: send });
    return { question, heard };
  };

  test('is asked once for a burst of changes', async () => {
    const send = vi.fn(async () => answer({ n: 1 }));
    const { question, heard } = asked(send);
    for (let i = 0; i < 10; i += 1) {
      question.ask();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(send).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(500);
    expect(send).toHaveBeenCalledTimes(1);
    expect(heard.at(-1)).toEqual({ state: 'answered', answer: { n: 1 } });
  });

  test('that is superseded is broken off and its answer never shown', async () => {
    let number = 0;
    const send = vi.fn((_, { signal }) => new Promise((resolve, reject) => {
      const mine = (number += 1);
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      setTimeout(() => resolve(answer({ n: mine })), 1000);
    }));
    const { question, heard } = asked(send);
    question.ask();
    await vi.advanceTimersByTimeAsync(800);
    question.ask();
    await vi.advanceTimersByTimeAsync(3000);
    expect(send).toHaveBeenCalledTimes(2);
    expect(heard.filter(({ state }) => state === 'answered')).toEqual([{ state: 'answered', answer: { n: 2 } }]);
    expect(heard.some(({ state }) => state === 'offline')).toBe(false);
  });

  test('that could not be sent is asked again with growing pauses', async () => {
    const send = vi.fn(async () => { throw new TypeError('no network'); });
    const { question, heard } = asked(send);
    question.ask(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(send.mock.calls.length).toBe(5); // at 0, 2, 7, 22 and 52 seconds
    expect(heard.at(-1).state).toBe('offline');
  });

  test('that is refused says why and is not repeated', async () => {
    const send = vi.fn(async () => answer({ title: 'Not you' }, 403));
    const { question, heard } = asked(send);
    question.ask(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(send).toHaveBeenCalledTimes(1);
    expect(heard.at(-1)).toEqual({ state: 'refused', message: 'Not you' });
  });
});

describe('figures', () => {
  const spaces = (text) => text.replace(/[\u00a0\u202f]/g, ' ');

  test('money is written with the digits of its currency', () => {
    expect(money(303257, 0, 'en')).toBe('303,257');
    expect(spaces(money(303257, 2, 'fr'))).toBe('3 032,57');
    expect(money(null, 0, 'en')).toBe('–');
  });

  test('the trend is told only where both prices are known', () => {
    expect(trend(12_300, 10_000)).toEqual({ minor: 2_300, sign: 'more' });
    expect(trend(9_000, 10_000)).toEqual({ minor: 1_000, sign: 'less' });
    expect(trend(5, 5)).toEqual({ minor: 0, sign: 'same' });
    expect(trend(5, undefined)).toBeNull();
    expect(trend(null, 5)).toBeNull();
  });

  test('the dearest task is hottest, and what costs nothing is cold', () => {
    const tasks = { a: 100, b: 1, c: 0, d: 61 };
    expect([...heat(tasks)]).toEqual([['a', 5], ['b', 1], ['d', 4]]);
    expect(spanOf(5, tasks)).toEqual([80, 100]);
    expect([...heat(undefined)]).toEqual([]);
  });

  test('bands of one currency share a scale, others do not', () => {
    const region = (currency, p95) => ({ currency, expected_minor: p95 / 2, p50_minor: p95 / 4, p80_minor: p95 / 2, p95_minor: p95 });
    const all = [region('XOF', 1000), region('XOF', 500), region('EUR', 10)];
    expect(band(all[0], all).to).toBe(96);
    expect(band(all[1], all).to).toBe(48);
    expect(band(all[2], all)).toEqual({ from: 24, to: 96, p80: 48, expected: 48 });
  });

  test('the age of a price is in whole minutes', () => expect(minutesSince(0, 150_000)).toBe(3));
});
