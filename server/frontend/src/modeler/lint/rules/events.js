/** Rules for events: where which kind may stand and what it must say. See workflows/definitions/lint/events.py. */
import { N_ } from '../../words/translate.js';
import { isEvent, shown } from '../model.js';

const TRIGGERS = ['message', 'timer', 'signal', 'error', 'escalation', 'conditional'];
const THROWN = ['none', 'message', 'signal', 'error', 'escalation', 'terminate'];
export const EXECUTED = {
  'start of the process': ['none', 'message', 'timer', 'signal', 'conditional'],
  'start of a called process': ['none'],
  'start of a sub-process': ['none'],
  'start of an event sub-process': TRIGGERS,
  end: THROWN,
  'end of a transaction': [...THROWN, 'cancel'],
  catching: ['message', 'timer', 'signal', 'conditional'],
  throwing: ['none', 'message', 'signal', 'escalation'],
  border: TRIGGERS,
  'border of a transaction': [...TRIGGERS, 'cancel']
};
const NAMED = new Set(['message', 'signal', 'error', 'escalation']);

function placeOf(process, node) {
  if (node.kind === 'intermediateCatchEvent') return 'catching';
  if (node.kind === 'intermediateThrowEvent') return 'throwing';
  if (node.kind === 'boundaryEvent') return process.nodes.get(node.attachedTo)?.kind === 'transaction' ? 'border of a transaction' : 'border';
  const scope = process.nodes.get(node.parent);
  if (node.kind === 'endEvent') return scope?.kind === 'transaction' ? 'end of a transaction' : 'end';
  if (!scope) return process.isMain ? 'start of the process' : 'start of a called process';
  return scope.triggeredByEvent ? 'start of an event sub-process' : 'start of a sub-process';
}

export function* places(process) {
  for (const node of process.nodes.values()) {
    if (node.kind === 'sendTask' || node.kind === 'receiveTask') {
      if (!node.detail) yield withoutName(node, 'message');
    } else if (isEvent(node)) {
      yield* event(process, node);
    }
  }
}

function* event(process, node) {
  const place = placeOf(process, node);
  const isExecuted = EXECUTED[place].includes(node.event);
  const name = shown(node);
  if (node.event === 'cancel' && !isExecuted && (node.kind === 'endEvent' || node.kind === 'boundaryEvent')) {
    yield ['cancel-outside-transaction', node.id, N_('The cancel event “%(name)s” does not belong to a transaction, which alone can be cancelled. Make its sub-process a transaction, or use an error event.'), { name }];
  } else if (node.event === 'none' && !isExecuted) {
    yield withoutTrigger(node, place);
  } else if (!isExecuted) {
    yield ['unsupported-event', node.id, N_('The %(event)s event “%(name)s” is not executed at this place (%(place)s). Draw it otherwise.'), { event: node.event, name, place }];
  } else if (NAMED.has(node.event) && !node.detail && !mayBeNameless(node)) {
    yield withoutName(node, node.event);
  } else if (node.event === 'conditional' && !node.detail) {
    yield ['event-without-condition', node.id, N_('The event “%(name)s” does not say which condition it waits for. Write it, for example: stock < 10'), { name }];
  } else if (['error', 'cancel'].includes(node.event) && ['startEvent', 'boundaryEvent'].includes(node.kind) && !node.interrupting) {
    yield ['error-not-interrupting', node.id, N_('The %(event)s event “%(name)s” always ends what it catches, but is drawn as if it did not. Draw it with solid lines.'), { event: node.event, name }];
  }
}

function withoutTrigger(node, place) {
  if (place === 'start of an event sub-process') {
    return ['event-subprocess-without-trigger', node.id, N_('The start event “%(name)s” of an event sub-process does not say what starts it. Choose a message, a timer or another type.'), { name: shown(node) }];
  }
  return ['event-without-trigger', node.id, N_('The event “%(name)s” does not say what it waits for. Choose timer, message or another type.'), { name: shown(node) }];
}

const mayBeNameless = (node) => ['boundaryEvent', 'startEvent'].includes(node.kind) && ['error', 'escalation'].includes(node.event);

const withoutName = (node, kind) => [
  'event-without-name', node.id, N_('“%(name)s” does not name its %(event)s. Choose or create it in the properties.'), { name: shown(node), event: kind }
];

export function* eventSubProcesses(process) {
  for (const node of process.nodes.values()) {
    if (!node.triggeredByEvent) continue;
    const name = shown(node);
    if (node.kind !== 'subProcess' || node.repetition) {
      const what = `${node.kind === 'subProcess' ? 'repetition' : node.kind} started by an event`;
      yield ['unsupported-element', node.id, N_('“%(name)s” is a %(what)s, which RUN cannot run. Draw it with tasks and simple gateways.'), { name, what }];
    }
    if (node.incoming.length || node.outgoing.length) {
      yield ['event-subprocess-with-flow', node.id, N_('An arrow joins the event sub-process “%(name)s”, which is started by its event. Remove the arrow.'), { name }];
    }
  }
}

export function* startsWithTrigger(process) {
  for (const node of process.isMain ? process.nodes.values() : []) {
    if (node.kind === 'startEvent' && node.parent === null && node.event !== 'none') {
      yield ['start-event-with-trigger', node.id, N_('The start event “%(name)s” has a trigger (%(event)s), but a service starts from a request. Use a plain start event, unless work begins that way too.'), { name: shown(node), event: node.event }];
    }
  }
}

export function* cancelled(process) {
  const nodes = [...process.nodes.values()];
  for (const node of nodes) {
    if (node.event !== 'cancel' || node.kind !== 'endEvent') continue;
    if (!nodes.some((each) => each.event === 'cancel' && each.attachedTo !== null && each.attachedTo === node.parent)) {
      yield ['cancel-not-caught', node.id, N_('“%(name)s” cancels its transaction, but no cancel event on its border says how work goes on. Attach one.'), { name: shown(node) }];
    }
  }
}

export const RULES = [places, eventSubProcesses, startsWithTrigger, cancelled];
