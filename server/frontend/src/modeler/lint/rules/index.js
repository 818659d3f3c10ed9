/**
 * What the browser finds wrong in a diagram, at once and without the server.
 *
 * The same codes, severities and elements as the server's lint, for the codes in severities.json; the corpus
 * tests/fixtures/lint_corpus is the promise. What needs all ways of the work or FEEL (deadlocks, formulas,
 * errors that nobody catches) is the server's alone, and the server decides.
 */
import { diagramOf } from '../model.js';
import * as cards from './cards.js';
import * as chances from './chances.js';
import * as constructs from './constructs.js';
import * as drawing from './drawing.js';
import * as events from './events.js';
import SEVERITIES from './severities.json';
import * as timers from './timers.js';

const FILE_RULES = [...constructs.FILE_RULES, ...drawing.FILE_RULES, ...cards.FILE_RULES];
const RULES = [...drawing.RULES, ...constructs.RULES, ...events.RULES, ...timers.RULES, ...chances.RULES, ...cards.RULES];
const LEVELS = ['preview', 'executable'];

export const CODES = Object.keys(SEVERITIES);

/** The problems of a bpmn:Definitions: [{code, severity, element, message, params}], in the order of the diagram. */
export function lint(definitions, { level = 'executable' } = {}) {
  const diagram = diagramOf(definitions);
  if (!diagram) return [];
  const order = new Map();
  for (const { id, nodes, flows } of diagram.processes) {
    for (const element of [id, ...nodes.keys(), ...flows.keys()]) if (!order.has(element)) order.set(element, order.size);
  }
  const place = (problem) => order.get(problem.element) ?? order.size;
  return [...found(diagram)]
    .map(([code, element, message, params = {}]) => ({ code, severity: SEVERITIES[code][LEVELS.indexOf(level)], element, message, params }))
    .sort((one, other) => place(one) - place(other));
}

function* found(diagram) {
  for (const rule of FILE_RULES) yield* rule(diagram);
  for (const process of diagram.processes) for (const rule of RULES) yield* rule(process, diagram);
}
