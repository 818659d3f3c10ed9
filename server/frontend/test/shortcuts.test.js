import { describe, expect, it, vi } from 'vitest';
import { actionFor } from '../src/site/shortcuts.js';

const action = (key, extra = {}) => ({ dataset: { key }, disabled: false, getAttribute: () => null, closest: () => null, ...extra });
const root = (...actions) => ({ querySelectorAll: () => actions });
const press = (key, extra = {}) => ({ key, target: { closest: () => null }, ...extra });

describe('a key', () => {
  it('stands for its action, in either case', () => {
    const accept = action('a');
    expect(actionFor(press('A'), root(action('s'), accept))).toBe(accept);
  });

  it('does nothing while the person types, holds a modifier, composes a letter or keeps the key down', () => {
    const typing = { target: { closest: vi.fn(() => ({})) } };
    for (const extra of [typing, { ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }, { repeat: true }]) {
      expect(actionFor(press('a', extra), root(action('a')))).toBe(null);
    }
  });

  it('passes over actions that are hidden or disabled', () => {
    const off = [action('a', { disabled: true }), action('a', { closest: () => ({}) }), action('a', { getAttribute: () => 'true' })];
    expect(actionFor(press('a'), root(...off))).toBe(null);
  });
});
