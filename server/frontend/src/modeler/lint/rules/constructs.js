/** Rules for what is not executed, or would be executed wrong. See workflows/definitions/lint/constructs.py. */
import { N_ } from '../../words/translate.js';
import { isSubProcess, kindOf, shown } from '../model.js';

const MAX_NESTING = 20;
const NAME = /^[\p{L}\p{M}\p{Nl}_][\p{L}\p{M}\p{N}_]*$/u;
const BESIDE = new Set(['choreography', 'globalChoreographyTask', 'conversation', 'callConversation', 'subConversation']);
const BESIDE_WORK = new Set(['sequenceFlow', 'dataObject', 'dataObjectReference', 'dataStoreReference']);

const unsupported = (element, what) => [
  'unsupported-element', element.id ?? '', N_('“%(name)s” is a %(what)s, which RUN cannot run. Draw it with tasks and simple gateways.'),
  { name: element.name || element.id || what, what }
];

export function* beside({ definitions }) {
  for (const element of definitions.rootElements ?? []) if (BESIDE.has(kindOf(element))) yield unsupported(element, kindOf(element));
}

export function* elements(process) {
  yield* foreign(process.element, process);
  for (const node of process.nodes.values()) {
    if (node.kind === 'complexGateway') yield unsupported(node.element, node.kind);
    else for (const what of notExecuted(node)) yield unsupported(node.element, what);
    if (isSubProcess(node)) yield* foreign(node.element, process);
  }
}

function* foreign(scope, process) {
  for (const child of scope.flowElements ?? []) {
    const kind = kindOf(child);
    if (kind && !process.nodes.has(child.id) && !BESIDE_WORK.has(kind)) yield unsupported(child, kind);
  }
}

function* notExecuted({ kind, element }) {
  if (kind === 'eventBasedGateway' && element.eventGatewayType === 'Parallel') yield 'Parallel eventBasedGateway';
  if ((kind === 'eventBasedGateway' || kind === 'receiveTask') && element.instantiate === true) yield 'instantiate';
  if (element.isForCompensation === true) yield 'isForCompensation';
  for (const attribute of ['startQuantity', 'completionQuantity']) if ((element[attribute] ?? 1) !== 1) yield attribute;
  const many = element.loopCharacteristics;
  if (many?.complexBehaviorDefinition?.length) yield 'complexBehaviorDefinition';
  for (const attribute of ['oneBehaviorEventRef', 'noneBehaviorEventRef']) if (many?.[attribute]) yield attribute;
}

export function* untypedTasks(process) {
  for (const node of process.nodes.values()) {
    if (node.kind === 'task') {
      yield ['untyped-task', node.id, N_('“%(name)s” is a task without a type and would be skipped. Make it a user task.'), { name: shown(node) }];
    }
  }
}

export function* repetitions(process) {
  for (const node of process.nodes.values()) {
    const many = node.repetition;
    const name = shown(node);
    if (!many) continue;
    if (many.standardLoop) {
      if (!many.completion && many.maximum === null) {
        yield ['loop-without-bound', node.id, N_('The loop “%(name)s” does not say how long it is repeated. Give a condition or a maximum.'), { name }];
      }
      continue;
    }
    if (many.cardinality && many.collection) {
      yield ['multi-instance-with-two-counts', node.id, N_('“%(name)s” has a number and a list, and it is not clear which says how often. Remove one.'), { name }];
    } else if (!many.cardinality && !many.collection) {
      yield ['multi-instance-without-count', node.id, N_('“%(name)s” is done several times, but not said how often. Give a number or a list.'), { name }];
    }
    if (Boolean(many.output) !== Boolean(many.outputItem)) {
      yield ['multi-instance-output', node.id, N_('“%(name)s” names a list for its results without the value that is collected, or the value without the list. Name both, or none.'), { name }];
    }
  }
}

export function* automaticTasks(process) {
  for (const node of process.nodes.values()) {
    if (node.kind === 'serviceTask' && !node.operation) {
      yield ['service-without-operation', node.id, N_('The service task “%(name)s” does not say which operation it calls. Choose one (run:operation), or make it a user task.'), { name: shown(node) }];
    } else if (node.kind === 'businessRuleTask' && !node.decision) {
      yield ['decision-missing', node.id, N_('The business rule task “%(name)s” does not say which decision it asks. Choose one (run:decision), or make it a user task.'), { name: shown(node) }];
    } else if (node.kind === 'scriptTask' && !node.script.split(/\r?\n/).some((line) => line.trim() && !line.trim().startsWith('//'))) {
      yield ['script-missing', node.id, N_('The script task “%(name)s” has no script. Write lines like: total = adults + children'), { name: shown(node) }];
    }
  }
}

export function* valueNames(process) {
  for (const node of process.nodes.values()) {
    const many = node.repetition;
    for (const value of [node.result, many?.item, many?.output, many?.outputItem]) {
      if (value && !NAME.test(value)) {
        yield ['invalid-name', node.id, N_('“%(value)s” of “%(name)s” cannot be the name of a value: use letters, digits and _ without spaces.'), { value: value.slice(0, 60), name: shown(node) }];
      }
    }
  }
  for (const [place, names] of process.dataObjects) {
    for (const value of new Set(names)) {
      if (!NAME.test(value)) {
        yield ['data-object-name', place, N_('Expressions cannot read the data object “%(value)s”. Name it with letters, digits and _ without spaces.'), { value: value.slice(0, 60) }];
      }
    }
  }
}

export function* adHoc(process) {
  for (const node of process.nodes.values()) {
    const parent = process.nodes.get(node.parent);
    if (parent?.kind === 'adHocSubProcess' && (node.kind === 'startEvent' || node.kind === 'endEvent')) {
      yield ['ad-hoc-with-start-or-end', node.id, N_('The ad hoc sub-process “%(name)s” has a start or end event, but its tasks are done in any order. Remove it, or make the sub-process a plain one.'), { name: shown(parent) }];
    }
  }
}

export function* nesting(process) {
  const depth = new Map();
  for (const node of process.isMain ? process.nodes.values() : []) {
    depth.set(node.id, (depth.get(node.parent) ?? 0) + 1);
    if (depth.get(node.id) === MAX_NESTING + 2) {
      yield ['nested-too-deep', node.id, N_('“%(name)s” lies in more than %(limit)s sub-processes and calls. Flatten them.'), { name: shown(node), limit: MAX_NESTING }];
    }
  }
}

export function* calls(process, diagram) {
  for (const node of process.nodes.values()) {
    if (node.kind !== 'callActivity') continue;
    const target = diagram.target(node);
    const name = shown(node);
    if (!node.calledElement) {
      yield ['call-without-process', node.id, N_('“%(name)s” does not say which process it calls. Choose one, or make it a task.'), { name }];
    } else if (!diagram.calls.has(target)) {
      yield ['call-outside-file', node.id, N_('“%(name)s” calls “%(called)s”, which is no process of this file. Draw it as a sub-process instead.'), { name, called: node.calledElement }];
    } else if (reaches(diagram.calls, target, process.id)) {
      yield ['call-cycle', node.id, N_('“%(name)s” calls its own process again, without end. Use a loop instead.'), { name }];
    }
  }
}

function reaches(graph, from, wanted) {
  const seen = new Set([from]);
  for (const id of seen) for (const next of graph.get(id)) seen.add(next);
  return seen.has(wanted);
}

export const RULES = [elements, untypedTasks, repetitions, automaticTasks, valueNames, adHoc, nesting, calls];
export const FILE_RULES = [beside];
