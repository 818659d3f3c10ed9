/** Rules for the drawing: events, arrows, gateways, ids. The same as workflows/definitions/lint/drawing.py. */
import { N_ } from '../../words/translate.js';
import { isActivity, isGateway, membersOf, scopesOf, shown } from '../model.js';

const ID = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/;
const CHOOSING = new Set(['exclusiveGateway', 'inclusiveGateway']);
const AFTER_EVENT_GATEWAY = new Set(['intermediateCatchEvent', 'receiveTask']);

export function* main({ main: process }) {
  if (process.element.isExecutable !== true) {
    yield ['not-executable', process.id, N_('The process is not marked as executable. Select the empty canvas and tick “Executable”.')];
  }
  if (![...process.nodes.values()].some(isActivity)) {
    yield ['empty-process', process.id, N_('The process has no task. Draw what has to be done.')];
  }
}

export function* ids(process) {
  for (const id of [process.id, ...process.nodes.keys(), ...process.flows.keys()]) {
    if (!ID.test(id)) {
      yield ['invalid-id', id, N_('The id “%(id)s” must begin with a letter and have only letters without accents, digits and _ - . (at most 100). Change it.'), { id }];
    }
  }
}

export function* beginningsAndEnds(process) {
  for (const scope of scopesOf(process)) {
    const nodes = membersOf(process, scope);
    const owner = scope === null ? null : process.nodes.get(scope);
    if (owner && !nodes.length) {
      yield ['empty-subprocess', owner.id, N_('The sub-process “%(name)s” is empty. Draw its tasks inside, or make it a task.'), { name: shown(owner) }];
    } else if (!owner || owner.kind !== 'adHocSubProcess') {
      yield* scopeEvents(scope ?? process.id, nodes, !owner);
    }
  }
}

function* scopeEvents(place, nodes, mayWait) {
  const starts = nodes.filter((node) => node.kind === 'startEvent');
  if (!starts.length) yield ['no-start-event', place, N_('There is no start event. Draw one before the first task.')];
  const plain = starts.filter((node) => node.event === 'none');
  if (plain.length > 1 || (starts.length > 1 && (!plain.length || !mayWait))) {
    yield ['several-start-events', place, N_('There are %(count)s start events, and it is not clear where work begins. Keep one.'), { count: starts.length }];
  }
  if (nodes.length && !nodes.some((node) => node.kind === 'endEvent')) {
    yield ['no-end-event', place, N_('There is no end event. Draw one after the last task.')];
  }
}

export function* flows(process) {
  for (const flow of process.flows.values()) {
    const ends = [process.nodes.get(flow.source), process.nodes.get(flow.target)];
    if (ends.some((node) => !node || node.parent !== flow.parent)) {
      yield ['dangling-flow', flow.id, N_('The arrow “%(name)s” does not join two elements of the same process. Draw it again.'), { name: shown(flow) }];
    }
  }
  for (const node of process.nodes.values()) {
    const name = shown(node);
    if (node.kind === 'startEvent' && node.incoming.length) {
      yield ['start-event-with-incoming', node.id, N_('An arrow leads into the start event “%(name)s”. Lead it to the first task or to a gateway.'), { name }];
    }
    if (node.kind === 'boundaryEvent' && node.incoming.length) {
      yield ['flow-into-boundary-event', node.id, N_('An arrow leads into “%(name)s”, which is started by its event. Lead it to the task behind.'), { name }];
    }
    if (node.kind === 'endEvent' && node.outgoing.length) {
      yield ['end-event-with-outgoing', node.id, N_('An arrow leaves the end event “%(name)s”. Remove it, or use an intermediate event.'), { name }];
    }
  }
}

export function* ways(process) {
  for (const scope of scopesOf(process)) {
    if (scope !== null && process.nodes.get(scope).kind === 'adHocSubProcess') continue; // done in any order
    const nodes = membersOf(process, scope);
    const edges = followers(process, nodes);
    const begins = [...entries(process, nodes), ...nodes.filter((node) => node.triggeredByEvent)];
    const reached = reachable(edges, begins.map((node) => node.id));
    const last = nodes.filter((node) => node.kind === 'endEvent' || !edges.get(node.id).length);
    const ending = reachable(reversed(edges), last.map((node) => node.id));
    for (const node of nodes) yield* way(process, node, nodes, reached.has(node.id), ending.has(node.id));
  }
}

function* way(process, node, siblings, isReached, isEnding) {
  const name = shown(node);
  const compensates = isCompensationHandler(node, siblings);
  if (!isReached && !compensates) {
    yield ['unreachable', node.id, N_('No way leads from the start to “%(name)s”. Draw an arrow to it, or remove it.'), { name }];
  }
  if (!isEnding) yield ['no-way-to-end', node.id, N_('No way leads from “%(name)s” to an end. Draw a way out of the loop.'), { name }];
  const isLast = !node.outgoing.length && node.kind !== 'endEvent' && !node.triggeredByEvent;
  if (isLast && !compensates && !['link', 'compensate'].includes(node.event)) {
    yield ['implicit-end', node.id, N_('Nothing follows “%(name)s”. Draw an arrow to an end event.'), { name }];
  }
}

const isCompensationHandler = (node, siblings) =>
  !node.incoming.length && !node.outgoing.length && siblings.some((each) => each.kind === 'boundaryEvent' && each.event === 'compensate');

function entries(process, nodes) {
  const starts = nodes.filter((node) => node.kind === 'startEvent');
  if (starts.length) return starts;
  return nodes.filter((node) => !node.incoming.length && !isTriggered(node, nodes));
}

function isTriggered(node, siblings) {
  const isLinkTarget = node.kind === 'intermediateCatchEvent' && node.event === 'link';
  return node.kind === 'boundaryEvent' || node.triggeredByEvent || isLinkTarget || isCompensationHandler(node, siblings);
}

function followers(process, nodes) {
  const edges = new Map(nodes.map((node) => [node.id, []]));
  for (const node of nodes) {
    const targets = node.outgoing.map((flow) => process.flows.get(flow).target).filter((target) => edges.has(target));
    edges.get(node.id).push(...targets);
    if (edges.has(node.attachedTo)) edges.get(node.attachedTo).push(node.id);
    if (node.kind === 'intermediateThrowEvent' && node.event === 'link') {
      const landing = nodes.filter((each) => each.kind === 'intermediateCatchEvent' && each.event === 'link' && each.detail === node.detail);
      edges.get(node.id).push(...landing.map((each) => each.id));
    }
  }
  return edges;
}

function reversed(edges) {
  const found = new Map([...edges.keys()].map((id) => [id, []]));
  for (const [id, targets] of edges) for (const target of targets) found.get(target).push(id);
  return found;
}

function reachable(edges, starts) {
  const found = new Set();
  const todo = [...starts];
  while (todo.length) {
    const id = todo.pop();
    if (found.has(id)) continue;
    found.add(id);
    todo.push(...(edges.get(id) ?? []));
  }
  return found;
}

export function* gateways(process) {
  for (const node of process.nodes.values()) {
    const outgoing = node.outgoing.map((id) => process.flows.get(id));
    yield* defaultOf(node, outgoing);
    if (CHOOSING.has(node.kind) && outgoing.length > 1) yield* choice(node, outgoing);
    else if (node.kind === 'eventBasedGateway') yield* eventGateway(process, node, outgoing);
    else if (!isGateway(node) && outgoing.length > 1) {
      yield ['implicit-split', node.id, N_('Several arrows leave “%(name)s”. Draw a gateway behind it that says whether one or all of them are followed.'), { name: shown(node) }];
    }
  }
}

function* defaultOf(node, outgoing) {
  if (node.default === null) return;
  const flow = outgoing.find((each) => each.id === node.default);
  if (!flow) {
    yield ['unknown-default', node.id, N_('The default arrow “%(flow)s” of “%(name)s” does not leave it. Choose the default again.'), { flow: node.default, name: shown(node) }];
  } else if (flow.condition) {
    yield ['default-with-condition', flow.id, N_('The arrow “%(name)s” is the default, so its condition is never looked at. Remove the condition.'), { name: shown(flow) }];
  }
}

function* choice(node, outgoing) {
  for (const flow of outgoing) {
    if (!flow.condition && flow.id !== node.default) {
      yield ['flow-without-condition', flow.id, N_('The arrow “%(flow)s” behind “%(name)s” has no condition and is not the default. Say when it is followed.'), { flow: shown(flow), name: shown(node) }];
    }
  }
  if (node.default === null) {
    yield ['gateway-without-default', node.id, N_('“%(name)s” has no default arrow: if no condition is true, the work stops. Mark one as default.'), { name: shown(node) }];
  }
}

function* eventGateway(process, node, outgoing) {
  const hosts = new Set([...process.nodes.values()].map((each) => each.attachedTo));
  for (const flow of outgoing) {
    const target = process.nodes.get(flow.target);
    if (!target) continue;
    const isPlain = target.incoming.length === 1 && !hosts.has(target.id) && !target.repetition;
    if (!AFTER_EVENT_GATEWAY.has(target.kind) || !isPlain) {
      yield ['event-gateway-target', target.id, N_('“%(name)s” waits for events, but “%(target)s” is none, or can be reached another way, is repeated or has an event on its border. Put a catching event there.'), { name: shown(node), target: shown(target) }];
    }
  }
  if (outgoing.length < 2) {
    yield ['event-gateway-with-one-way', node.id, N_('“%(name)s” chooses by events, but has fewer than two arrows. Draw the others, or remove it.'), { name: shown(node) }];
  }
}

export function* conditions(process) {
  for (const flow of process.flows.values()) {
    const source = process.nodes.get(flow.source);
    if (flow.condition && source && !CHOOSING.has(source.kind)) {
      yield ['misplaced-condition', flow.id, N_('The arrow “%(flow)s” has a condition, but “%(name)s” does not choose. Draw an exclusive or inclusive gateway before it.'), { flow: shown(flow), name: shown(source) }];
    }
  }
}

export function* boundaryEvents(process) {
  for (const node of process.nodes.values()) {
    if (node.kind !== 'boundaryEvent') continue;
    const host = process.nodes.get(node.attachedTo);
    if (!host || !isActivity(host) || host.triggeredByEvent || host.parent !== node.parent) {
      yield ['boundary-without-host', node.id, N_('The event “%(name)s” is attached to no task. Drag it onto the border of one.'), { name: shown(node) }];
    }
  }
}

export const RULES = [ids, beginningsAndEnds, flows, ways, gateways, conditions, boundaryEvents];
export const FILE_RULES = [main];
