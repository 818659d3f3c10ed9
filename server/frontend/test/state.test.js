import { describe, expect, it } from 'vitest';
import { ICONS } from '../src/shared/icons.js';
import { lookOf, STATES, stateKey } from '../src/shared/states.js';
import { firstOfInterest, readState } from '../src/diagram/state.js';

describe('a state and its look', () => {
  it('is found whatever its case and separators', () => {
    expect(lookOf('SENT-BACK')).toEqual(STATES.sent_back);
    expect(stateKey(' work done ')).toBe('work_done');
  });

  it('is quiet when unknown, even when it is named like a property of every object', () => {
    for (const odd of ['nonsense', 'constructor', '__proto__', '', null, undefined]) expect(lookOf(odd).tone).toBe('quiet');
  });

  it('has one of five tones and an icon that is bundled', () => {
    for (const { tone, icon } of Object.values(STATES)) {
      expect(['done', 'going', 'needs', 'fail', 'quiet']).toContain(tone);
      expect(ICONS).toContain(icon);
    }
  });
});

describe('the state of an instance', () => {
  it('becomes one badge per count, in words', () => {
    const drawn = readState({
      nodes: { meet: { state: 'ready', count: 2, label: '2 wait', counts: [{ state: 'late', count: 1, label: '1 late' }, { state: 'done', count: 0, label: '0 done' }] } }
    });
    expect(drawn.get('meet')).toEqual({
      badges: [{ state: 'ready', text: '2', label: '2 wait' }, { state: 'late', text: '1', label: '1 late' }],
      tone: 'needs',
      heat: 0,
      label: '2 wait, 1 late'
    });
  });

  it('says the name of the state when the server sent no words', () => {
    expect(readState({ nodes: { a: { state: 'sent_back' } } }).get('a').label).toBe('sent back');
  });

  it('keeps heat between one and five', () => {
    const { nodes } = { nodes: { a: { heat: 99 }, b: { heat: 0.2 }, c: { heat: -1 }, d: { heat: '3' } } };
    const drawn = readState({ nodes });
    expect([drawn.get('a').heat, drawn.get('b').heat, drawn.has('c'), drawn.has('d')]).toEqual([5, 1, false, false]);
  });

  it('survives an answer that makes no sense', () => {
    for (const odd of [null, undefined, 7, 'x', [], {}, { nodes: 'x' }, { nodes: { a: null, b: 3, c: [], d: { counts: {} } } }]) {
      expect(readState(odd).size).toBe(0);
    }
  });

  it('leads to what failed, then to what waits for a person, then to what is going on', () => {
    const nodes = { a: { state: 'done' }, b: { state: 'running' }, c: { state: 'ready' }, d: { state: 'late' } };
    expect(firstOfInterest(readState({ nodes }))).toBe('d');
    delete nodes.d;
    expect(firstOfInterest(readState({ nodes }))).toBe('c');
    delete nodes.c;
    expect(firstOfInterest(readState({ nodes }))).toBe('b');
    expect(firstOfInterest(readState({ nodes: { a: { state: 'done' } } }))).toBe(null);
  });
});
