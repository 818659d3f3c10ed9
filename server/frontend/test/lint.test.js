/** The browser's rules find in every diagram of the corpus what the server's find, for the codes both know. */
import { BpmnModdle } from 'bpmn-moddle';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODES, lint } from '../src/modeler/lint/rules/index.js';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const CORPUS = resolve(REPOSITORY, 'tests/fixtures/lint_corpus');
const DESCRIPTOR = JSON.parse(readFileSync(resolve(REPOSITORY, 'workflows/schema/run.json'), 'utf8'));
/** What the modeler cannot open, or opens otherwise: it gives ids to what has none, and drops what has the id of another. */
const UNREADABLE = new Set(['doctype', 'encoding', 'ids', 'malformed', 'no-process', 'not-bpmn', 'without-ids', 'xinclude']);
const names = readdirSync(CORPUS).filter((name) => name.endsWith('.bpmn')).map((name) => name.slice(0, -5));

const read = (name) => readFileSync(resolve(CORPUS, name), 'utf8');
const parse = async (xml) => (await new BpmnModdle({ run: DESCRIPTOR }).fromXML(xml)).rootElement;
const lines = (problems) => problems.map(({ code, severity, element }) => `${element}: ${code} (${severity})`).sort();

describe.each(names.filter((name) => !UNREADABLE.has(name)))('%s', (name) => {
  test.each(['preview', 'executable'])('is reported as by the server, %s', async (level) => {
    const expected = JSON.parse(read(`${name}.json`))[level].filter(({ code }) => CODES.includes(code));
    const found = lint(await parse(read(`${name}.bpmn`)), { level });
    expect(lines(found)).toEqual(lines(expected));
  });
});

test('every code of the browser is in the corpus', () => {
  const seen = new Set(names.filter((name) => !UNREADABLE.has(name)).flatMap((name) => JSON.parse(read(`${name}.json`)).executable.map(({ code }) => code)));
  expect(CODES.filter((code) => !seen.has(code))).toEqual(['invalid-id'].filter((code) => !seen.has(code)));
});

test('every place of a message has its value', async () => {
  for (const name of names.filter((each) => !UNREADABLE.has(each))) {
    for (const { message, params } of lint(await parse(read(`${name}.bpmn`)))) {
      for (const [, place] of message.matchAll(/%\((\w+)\)s/g)) expect(params).toHaveProperty(place);
    }
  }
});
