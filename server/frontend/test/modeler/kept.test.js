import { beforeEach, describe, expect, test } from 'vitest';
import { keeper } from '../../src/modeler/saving/kept.js';

/** A browser: what it stores, and the pages that are open in it. */
class Computer {
  constructor() {
    this.stored = new Map();
    this.open = new Set();
    this.sent = new Map();
  }

  page(name, { draft = 'd', person = 'p' } = {}) {
    const locks = {
      request: async (lock) => { this.open.add(lock); },
      query: async () => ({ held: [...this.open].map((lock) => ({ name: lock })) })
    };
    const entries = {
      all: async (start) => [...this.stored.values()].filter(({ id }) => id.startsWith(start)),
      write: async (entry) => { this.stored.set(entry.id, entry); },
      remove: async (id) => { this.stored.delete(id); }
    };
    const sent = { read: (id) => this.sent.get(id) ?? null, write: (id, told) => this.sent.set(id, told), remove: (id) => this.sent.delete(id) };
    return keeper({ draft, person, page: name, locks, entries, sent });
  }

  close(name) {
    this.open = new Set([...this.open].filter((lock) => !lock.endsWith(`/${name}`)));
  }
}

const entry = (xml, at = 1) => ({ xml, etag: '"1"', at });

describe('what is kept on this computer', () => {
  let computer;
  beforeEach(() => { computer = new Computer(); });

  test('two pages of a draft do not overwrite each other, and one that saved takes only its own away', async () => {
    const [one, other] = [computer.page('a'), computer.page('b')];
    await one.write(entry('<one/>'));
    await other.write(entry('<other/>'));
    await one.remove();
    expect([...computer.stored.values()].map(({ xml }) => xml)).toEqual(['<other/>']);
  });

  test('what a page left behind is found by the next one, the newest first, and stays until that one keeps its own', async () => {
    await computer.page('a').write(entry('<old/>', 1));
    await computer.page('b').write(entry('<new/>', 2));
    computer.close('a');
    computer.close('b');
    const next = computer.page('c');
    expect((await next.read()).xml).toBe('<new/>');
    expect(computer.stored.size).toBe(2);
    await next.write(entry('<new more="1"/>', 3));
    expect([...computer.stored.values()].map(({ xml }) => xml)).toEqual(['<old/>', '<new more="1"/>']);
    await next.remove();
    expect((await computer.page('e').read()).xml).toBe('<old/>');
  });

  test('what was sent last is known beside what was kept, and forgotten with it', async () => {
    const page = computer.page('a');
    await page.write(entry('<kept/>', 1));
    page.sent('<sent/>', 2);
    computer.close('a');
    const next = computer.page('b');
    expect(await next.read()).toMatchObject({ xml: '<kept/>', sent: { xml: '<sent/>', at: 2 } });
    await next.remove();
    expect([...computer.sent, ...computer.stored]).toEqual([]);
  });

  test('the work of a page that is open, of another draft and of another person is left alone', async () => {
    await computer.page('a').write(entry('<open/>'));
    await computer.page('b', { draft: 'e' }).write(entry('<elsewhere/>'));
    await computer.page('c', { person: 'q' }).write(entry('<private/>'));
    computer.close('b');
    computer.close('c');
    expect(await computer.page('f').read()).toBeUndefined();
  });
});
