import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WORDS as DIAGRAM } from '../src/diagram/words.js';
import { CHROME, chrome, primeLocale } from '../src/form/chrome.js';
import { bestName, tagOf } from '../src/form/language.js';
import { WORDS as FORM } from '../src/form/words.js';
import { languageOf, speaker } from '../src/shared/words.js';
import { REPLACEMENTS, adapt } from '../web-forms-plugin.js';

const places = (text) => [...text.matchAll(/%\(\w+\)s/g)].map(([place]) => place).sort();

describe('the words of the scripts', () => {
  it.each([['diagram', DIAGRAM], ['form', FORM]])('are all there in three languages: %s', (_, table) => {
    for (const language of ['fr', 'es']) {
      expect(Object.keys(table[language])).toEqual(Object.keys(table.en));
      for (const [key, text] of Object.entries(table[language])) expect(places(text)).toEqual(places(table.en[key]));
    }
  });

  it('follow the language of the page, its region aside', () => {
    expect(languageOf('fr-BJ', FORM)).toBe('fr');
    for (const odd of ['de', '', undefined, 'constructor']) expect(languageOf(odd, FORM)).toBe('en');
    expect(speaker('es', FORM)('again', { attempt: 2, attempts: 3 })).toContain('(2 de 3)');
  });
});

describe('the words of the form renderer', () => {
  it('are French and Spanish wherever the build redirects them', () => {
    const redirected = REPLACEMENTS.flatMap(([, to]) => [...to.matchAll(/runChrome\("((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text));
    expect(redirected.length).toBe(REPLACEMENTS.length);
    for (const language of ['fr', 'es']) {
      expect(redirected.filter((text) => !CHROME[language][text])).toEqual([]);
      for (const text of redirected) expect(places(chrome(text, {}, language))).toEqual(places(text));
    }
    expect(chrome('%(count)s questions with errors.', { count: 3 }, 'fr')).toBe('3 questions à corriger.');
    expect(chrome('Send', {}, 'en')).toBe('Send');
  });

  it('stop the build when the renderer has changed them', () => {
    expect(() => adapt('label: "Submit"')).toThrow('no longer has these texts');
  });

  it('name days and months by the browser', () => {
    expect(primeLocale('fr').monthNames[1]).toBe('février');
    expect(primeLocale('es').dayNames[0]).toBe('domingo');
  });
});

describe('the language a form opens in', () => {
  const names = ['English (en)', 'Français (fr)', 'Español (es-419)'];

  it('is the one of the person, by tag or by its first part', () => {
    expect([bestName(names, 'fr'), bestName(names, 'fr-BJ'), bestName(names, 'es')]).toEqual([names[1], names[1], names[2]]);
  });

  it('stays as the author chose when the form does not speak it', () => {
    for (const other of ['fon', '', undefined]) expect(bestName(names, other)).toBe(null);
  });

  it('is read from a bare tag too', () => {
    expect([tagOf('fr'), tagOf('Français (FR)'), tagOf('default')]).toEqual(['fr', 'fr', 'default']);
  });
});

it('the lock file names no registry', () => {
  expect(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')).not.toMatch(/"resolved"/);
});
