/**
 * A diagram as the rules look at it: plain nodes and flows, read from the moddle tree of the modeler.
 *
 * The same picture that workflows/definitions/model.py has of a file, so that a rule reads alike in both languages.
 */
const SUB_PROCESSES = new Set(['subProcess', 'transaction', 'adHocSubProcess']);
const EVENTS = new Set(['startEvent', 'endEvent', 'intermediateCatchEvent', 'intermediateThrowEvent', 'boundaryEvent']);
const GATEWAYS = new Set(['exclusiveGateway', 'inclusiveGateway', 'parallelGateway', 'eventBasedGateway', 'complexGateway']);
const ACTIVITIES = new Set([
  'task', 'userTask', 'manualTask', 'serviceTask', 'scriptTask', 'sendTask', 'receiveTask', 'businessRuleTask', 'callActivity', ...SUB_PROCESSES
]);
const HUMAN_TASKS = new Set(['task', 'userTask', 'manualTask']);

export const isSubProcess = (node) => SUB_PROCESSES.has(node.kind);
export const isEvent = (node) => EVENTS.has(node.kind);
export const isGateway = (node) => GATEWAYS.has(node.kind);
export const isActivity = (node) => ACTIVITIES.has(node.kind);

/** What an expert calls a node or an arrow. */
export const shown = (element) => element.name || element.id;

/** The kind of a BPMN element: "userTask" for a bpmn:UserTask, "" for what is not BPMN. */
export function kindOf(element) {
  const [prefix, name] = (element.$type ?? '').split(':');
  return prefix === 'bpmn' ? name[0].toLowerCase() + name.slice(1) : '';
}

const textOf = (expression) => (expression?.body ?? '').trim();
const afterColon = (text) => (text ?? '').trim().split(':').pop();

/** The element of ours of a type such as "run:Task" in the extensions of an element. */
export function extensionOf(element, type) {
  return (element.extensionElements?.values ?? []).find((each) => each.$type === type);
}

/** The texts of a list of run:Text by language, without those that are blank. */
export function textsOf(list) {
  const found = {};
  for (const { lang, value } of list ?? []) if (lang && value?.trim() && !(lang in found)) found[lang] = value;
  return found;
}

/** A number of an expert in billionths, so that sums are exact; null when there is none or it is not one. */
export function billionths(text) {
  const found = /^(-?)([0-9]{1,15})(?:\.([0-9]{1,9}))?$/.exec((text ?? '').trim());
  if (!found) return null;
  const value = BigInt(found[2]) * 1_000_000_000n + BigInt((found[3] ?? '').padEnd(9, '0'));
  return found[1] ? -value : value;
}

function estimateOf(element) {
  const own = extensionOf(element, 'run:Estimate');
  if (!own) return null;
  const durations = [own.durationMin, own.durationTypical, own.durationMax].map(billionths);
  return {
    probability: billionths(own.probability),
    repetitions: billionths(own.repetitions),
    rework: billionths(own.rework),
    durations: durations.includes(null) ? null : durations
  };
}

const REFERENCED = { message: 'messageRef', signal: 'signalRef', error: 'errorRef', escalation: 'escalationRef' };
const nameOf = (referred) => (referred && (referred.errorCode || referred.escalationCode || referred.name)) ?? '';

function eventOf(element, kind) {
  if (kind === 'sendTask' || kind === 'receiveTask') return ['none', nameOf(element.messageRef)];
  if (!EVENTS.has(kind)) return ['none', ''];
  const definitions = [...(element.eventDefinitions ?? []), ...(element.eventDefinitionRef ?? [])];
  if (!definitions.length) return ['none', ''];
  if (definitions.length > 1 || element.parallelMultiple) return ['multiple', ''];
  const [only] = definitions;
  const event = kindOf(only).replace(/EventDefinition$/, '');
  return [event, detailOf(only, event)];
}

function detailOf(definition, event) {
  if (REFERENCED[event]) return nameOf(definition[REFERENCED[event]]);
  if (event === 'timer') return textOf(definition.timeDate) || textOf(definition.timeDuration) || textOf(definition.timeCycle);
  if (event === 'conditional') return textOf(definition.condition);
  return event === 'link' ? (definition.name ?? '') : '';
}

const dataName = (object) => (object ? (object.dataObjectRef?.name ?? object.name ?? '').trim() || object.id : '');

function repetitionOf(element) {
  const loop = element.loopCharacteristics;
  if (!loop) return null;
  if (kindOf(loop) === 'standardLoopCharacteristics') {
    return { standardLoop: true, completion: textOf(loop.loopCondition), maximum: loop.loopMaximum ?? null };
  }
  return {
    standardLoop: false,
    cardinality: textOf(loop.loopCardinality),
    collection: dataName(loop.loopDataInputRef),
    completion: textOf(loop.completionCondition),
    item: loop.inputDataItem ? loop.inputDataItem.name || loop.inputDataItem.id || '' : '',
    output: dataName(loop.loopDataOutputRef),
    outputItem: loop.outputDataItem ? loop.outputDataItem.name || loop.outputDataItem.id || '' : ''
  };
}

function nodeOf(element, kind, parent) {
  const [event, detail] = eventOf(element, kind);
  const operation = extensionOf(element, 'run:Operation');
  const decision = extensionOf(element, 'run:Decision');
  return {
    id: element.id,
    kind,
    element,
    parent,
    name: (element.name ?? '').trim(),
    incoming: [],
    outgoing: [],
    default: element.default?.id ?? null,
    card: ACTIVITIES.has(kind) ? (extensionOf(element, 'run:Task') ?? null) : null,
    estimate: estimateOf(element),
    repetition: repetitionOf(element),
    event,
    detail,
    attachedTo: element.attachedToRef?.id ?? null,
    interrupting: (kind === 'boundaryEvent' ? element.cancelActivity : element.isInterrupting) !== false,
    triggeredByEvent: element.triggeredByEvent === true,
    calledElement: element.calledElement ?? '',
    script: (element.script ?? '').trim(),
    operation: (operation?.ref ?? '').trim(),
    decision: (decision?.ref ?? '').trim(),
    result: ((operation ?? decision)?.result ?? '').trim()
  };
}

function flowOf(element, parent) {
  return {
    id: element.id,
    element,
    parent,
    name: (element.name ?? '').trim(),
    source: element.sourceRef?.id ?? '',
    target: element.targetRef?.id ?? '',
    condition: textOf(element.conditionExpression),
    estimate: estimateOf(element)
  };
}

/** One process: its nodes and flows by id, in the order of the file. */
function processOf(element) {
  const process = { id: element.id, element, nodes: new Map(), flows: new Map(), dataObjects: new Map() };
  read(process, element, null);
  for (const flow of process.flows.values()) {
    process.nodes.get(flow.source)?.outgoing.push(flow.id);
    process.nodes.get(flow.target)?.incoming.push(flow.id);
  }
  return process;
}

function read(process, scope, parent) {
  const objects = [];
  for (const child of scope.flowElements ?? []) {
    const kind = kindOf(child);
    if (kind === 'sequenceFlow') process.flows.set(child.id, flowOf(child, parent));
    else if (kind === 'dataObject') objects.push(dataName(child));
    else if (EVENTS.has(kind) || GATEWAYS.has(kind) || ACTIVITIES.has(kind)) {
      process.nodes.set(child.id, nodeOf(child, kind, parent));
      if (SUB_PROCESSES.has(kind)) read(process, child, child.id);
    }
  }
  process.dataObjects.set(parent ?? process.id, objects);
}

/** The processes of a file: the one that is started, and those that it calls. Null when nothing is drawn. */
export function diagramOf(definitions) {
  const all = (definitions.rootElements ?? []).filter((each) => kindOf(each) === 'process').map(processOf);
  if (!all.length) return null;
  const byId = new Map(all.map((process) => [process.id, process]));
  const target = (node) => (byId.has(node.calledElement) ? node.calledElement : afterColon(node.calledElement));
  const calls = new Map(all.map((process) => [process.id, [...process.nodes.values()].filter((n) => n.kind === 'callActivity').map(target).filter((id) => byId.has(id))]));
  const main = mainOf(all, calls);
  const reached = new Set([main.id]);
  for (const id of reached) for (const called of calls.get(id)) reached.add(called);
  const language = all.map(({ element }) => (extensionOf(element, 'run:Service')?.language ?? '').trim()).find(Boolean) ?? 'en';
  const processes = [...reached].map((id) => ({ ...byId.get(id), isMain: id === main.id, language }));
  return { definitions, main: processes[0], processes, calls, target };
}

function mainOf(all, calls) {
  const drawn = all.filter((process) => process.nodes.size);
  const executable = drawn.filter((process) => process.element.isExecutable === true);
  const candidates = executable.length ? executable : drawn.length ? drawn : all;
  const called = new Set([...calls].flatMap(([caller, targets]) => targets.filter((id) => id !== caller)));
  return candidates.find((process) => !called.has(process.id)) ?? candidates[0];
}

/** The nodes directly in a sub-process, or in the process (null). */
export const membersOf = (process, scope) => [...process.nodes.values()].filter((node) => node.parent === scope);

/** Null for the process, then its sub-processes. */
export const scopesOf = (process) => [null, ...[...process.nodes.values()].filter(isSubProcess).map((node) => node.id)];

/** The tasks that a person does, and whatever else has a card. */
export const humanTasksOf = (process) => [...process.nodes.values()].filter((node) => HUMAN_TASKS.has(node.kind) || node.card);
