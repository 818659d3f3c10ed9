/** Rules for the cards: what an expert must write about a service and its tasks. See lint/task_cards.py. */
import { N_ } from '../../words/translate.js';
import { valuesOf } from '../../schema.js';
import { billionths, extensionOf, humanTasksOf, shown, textsOf } from '../model.js';

const LANGUAGES = ['en', 'fr', 'es'];
const SKILL = /^[A-Za-z][A-Za-z0-9_.-]{0,49}$/;
const SEVERAL = /[,;/+&|]|\s(?:and|et|y|e|ou|or|o)\s|\s/;
const ONE = 1_000_000_000n;

const has = (texts) => Object.keys(textsOf(texts)).length > 0;
const listOf = (card, property) => card?.[property] ?? [];
// what reading leaves out is not there
const formsOf = (card) => listOf(card, 'form').filter((form) => valuesOf('FormRole').includes(form.role) && form.ref && form.version);
const evidenceOf = (card) => listOf(card, 'evidence').filter((each) => valuesOf('EvidenceKind').includes(each.kind));
const idOf = (thing) => (thing.id ?? '').trim();

const missingForm = (place, role) => ['missing-form', place, N_('There is no %(role)s form. Add one to the card.'), { role }];
const badRange = (place, what) => ['invalid-range', place, N_('The numbers of %(what)s contradict each other or are not possible. Correct them.'), { what }];

export function* service({ main: process }) {
  const card = extensionOf(process.element, 'run:Service');
  const place = process.id;
  const parts = {
    code: Boolean((card?.code ?? '').trim()), name: has(card?.name), justification: has(card?.justification),
    purpose: has(card?.purpose), output: listOf(card, 'output').length > 0
  };
  for (const [part, isThere] of Object.entries(parts)) {
    if (!isThere) yield ['incomplete-service', place, N_('The service has no %(part)s. Write it on the service\'s card.'), { part }];
  }
  const roles = new Set(formsOf(card).map((form) => form.role));
  for (const role of ['request', 'evaluation']) if (!roles.has(role)) yield missingForm(place, role);
  const parameters = listOf(card, 'parameter');
  yield* ids(place, 'service', [...listOf(card, 'output'), ...parameters]);
  for (const parameter of parameters) {
    const bounds = [parameter.minimum, parameter.default, parameter.maximum].map(billionths).filter((each) => each !== null);
    if (bounds.some((each, index) => index && each < bounds[index - 1])) yield badRange(place, `parameter ${idOf(parameter)}`);
  }
  for (const name of ['name', 'justification', 'purpose']) yield* languages(place, name, card?.[name]);
  for (const each of [...listOf(card, 'output'), ...parameters]) yield* languages(place, idOf(each), each.label);
}

export function* tasks(process) {
  for (const node of humanTasksOf(process)) {
    const { card, id } = node;
    if (!card) {
      yield ['task-without-card', id, N_('The task “%(name)s” is not described yet. Fill its card.'), { name: shown(node) }];
      continue;
    }
    yield* parts(node);
    yield* ids(id, shown(node), [...listOf(card, 'activity'), ...listOf(card, 'criterion')]);
    yield* ids(id, shown(node), [...evidenceOf(card), ...listOf(card, 'expense')]);
  }
}

function* parts(node) {
  const { card, id } = node;
  const params = { name: shown(node) };
  if (!has(card.title)) yield ['missing-title', id, N_('“%(name)s” has no title. Write one.'), params];
  if (!has(card.outcome)) yield ['missing-outcome', id, N_('“%(name)s” does not say what exists when it is done. Write its outcome.'), params];
  if (!listOf(card, 'activity').length) yield ['missing-activities', id, N_('“%(name)s” has no activities. Say step by step what is done.'), params];
  if (!listOf(card, 'criterion').length) yield ['missing-criteria', id, N_('“%(name)s” has no criterion. Say how one sees that it is done well.'), params];
  if (!evidenceOf(card).length) yield ['missing-evidence', id, N_('Nothing proves “%(name)s”. Add a photo, a document or another evidence.'), params];
  if (!card.honorarium) yield ['missing-honorarium', id, N_('“%(name)s” is not paid. Add its honorarium (0 days if it is done for nothing).'), params];
  if (!formsOf(card).some((form) => form.role === 'response')) yield missingForm(id, 'response');
}

function* ids(place, name, things) {
  const counts = new Map();
  for (const thing of things) counts.set(idOf(thing), (counts.get(idOf(thing)) ?? 0) + 1);
  for (const [id, count] of counts) {
    if (!id) yield ['missing-id', place, N_('A part of the card of “%(name)s” has no id. Remove it and add it again in the modeler.'), { name }];
    else if (count > 1) yield ['repeated-part', place, N_('Two parts of the card of “%(name)s” have the id “%(id)s”. Remove one and add it again in the modeler.'), { id, name }];
  }
}

const criteriaOf = (evidence) => (evidence.criteria ?? '').replaceAll(',', ' ').split(/\s+/).filter(Boolean);

export function* evidence(process) {
  for (const node of process.nodes.values()) {
    if (!node.card) continue;
    const known = new Set(listOf(node.card, 'criterion').map(idOf));
    const proved = new Set();
    for (const each of evidenceOf(node.card)) {
      const refers = new Set(criteriaOf(each));
      for (const criterion of refers) {
        proved.add(criterion);
        if (!known.has(criterion)) {
          yield ['unknown-criterion', node.id, N_('The evidence “%(evidence)s” refers to the criterion “%(criterion)s”, which is not there. Choose another.'), { evidence: idOf(each), criterion }];
        }
      }
      if (!refers.size) {
        yield ['evidence-without-criterion', node.id, N_('The evidence “%(evidence)s” of “%(name)s” proves no criterion. Choose which one.'), { evidence: idOf(each), name: shown(node) }];
      }
      const least = each.min ?? 1;
      if (least < 0 || (each.max !== undefined && each.max < Math.max(least, 1))) yield badRange(node.id, `evidence ${idOf(each)}`);
    }
    for (const criterion of known) {
      if (!proved.has(criterion)) {
        yield ['criterion-without-evidence', node.id, N_('The criterion “%(criterion)s” of “%(name)s” has no source of verification. Add one.'), { criterion, name: shown(node) }];
      }
    }
  }
}

const missingItem = (node, what) => ['missing-item', node.id, N_('The %(what)s of “%(name)s” has no item of the price list, or no unit. Choose them.'), { what, name: shown(node) }];
const missingQuantity = (node, what) => ['missing-quantity', node.id, N_('%(what)s has no quantity. Write a number, or one computed from parameters: households / 20'), { what }];

export function* costs(process) {
  for (const node of process.nodes.values()) {
    const { card } = node;
    if (!card) continue;
    for (const expense of listOf(card, 'expense')) {
      const own = idOf(expense);
      if (!expense.item?.trim() || !expense.unit?.trim()) yield missingItem(node, `expense ${own}`);
      if (!expense.quantity?.body?.trim()) yield missingQuantity(node, `expense ${own || expense.item || ''}`);
      if (expense.procurement === 'imported' && !has(expense.reason)) {
        yield ['imported-without-reason', node.id, N_('The expense “%(expense)s” of “%(name)s” is imported. Say why not bought locally.'), { expense: own, name: shown(node) }];
      }
    }
    if (card.honorarium && !card.honorarium.item?.trim()) yield missingItem(node, 'honorarium');
    if (card.honorarium && !card.honorarium.quantity?.body?.trim()) yield missingQuantity(node, 'honorarium');
    const second = billionths(card.verification?.secondCheck) ?? 0n;
    if (second < 0n || second > ONE || (card.verification?.maxRework ?? 0) < 0) yield badRange(node.id, 'verification');
    if (card.deadlineDays !== undefined && card.deadlineDays < 1) yield badRange(node.id, 'deadlineDays');
  }
}

export function* outputs({ main: process }) {
  for (const output of listOf(extensionOf(process.element, 'run:Service'), 'output')) {
    if (!output.quantity?.trim()) {
      yield ['missing-quantity', process.id, N_('%(what)s has no quantity. Write a number, or one computed from parameters: households / 20'), { what: `output ${idOf(output)}` }];
    }
  }
}

export function* agents(process) {
  const lanes = new Map();
  for (const set of process.element.laneSets ?? []) countLanes(set, lanes);
  for (const node of humanTasksOf(process)) {
    const skill = (node.card?.skill ?? '').trim();
    if (node.card && !skill) yield ['missing-skill', node.id, N_('“%(name)s” does not say which skill it needs. Choose one.'), { name: shown(node) }];
    const several = skill.split(SEVERAL).filter(Boolean).length > 1;
    if (several || (lanes.get(node.id) ?? 0) > 1 || (node.element.resources ?? []).length > 1) {
      yield ['several-agents', node.id, N_('“%(name)s” is done by several agents. Divide it: each task is done by one person alone.'), { name: shown(node) }];
    } else if (skill && !SKILL.test(skill)) {
      yield ['invalid-skill', node.id, N_('“%(skill)s” is not a code of a skill (a letter, then letters, digits, _ - .). Choose one.'), { skill: skill.slice(0, 60) }];
    }
  }
}

/** In how many lanes each node is, a lane and the lane around it counted once. Gives the ids in the set. */
function countLanes(set, lanes) {
  const all = new Set();
  for (const lane of set.lanes ?? []) {
    const below = lane.childLaneSet ? countLanes(lane.childLaneSet, lanes) : new Set();
    const own = new Set((lane.flowNodeRef ?? []).map((node) => node.id));
    for (const id of own) if (!below.has(id)) lanes.set(id, (lanes.get(id) ?? 0) + 1);
    for (const id of [...own, ...below]) all.add(id);
  }
  return all;
}

function* languages(place, field, list) {
  const texts = textsOf(list);
  const missing = LANGUAGES.filter((language) => !(language in texts));
  if (Object.keys(texts).length && missing.length) {
    yield ['missing-translation', place, N_('“%(field)s” is not translated into: %(languages)s. Add the translation.'), { field, languages: missing.join(', ') }];
  }
}

export function* translations(process) {
  for (const node of process.nodes.values()) {
    const { card, id } = node;
    if (!card) continue;
    for (const name of ['title', 'outcome', 'instructions']) yield* languages(id, name, card[name]);
    for (const expense of listOf(card, 'expense')) yield* languages(id, `${idOf(expense)} (reason)`, expense.reason);
    for (const each of [...listOf(card, 'activity'), ...listOf(card, 'criterion'), ...evidenceOf(card), ...listOf(card, 'expense')]) {
      yield* languages(id, idOf(each), each.label);
    }
  }
  const nameless = [...process.nodes.values()].filter(({ card }) => !card);
  for (const { element } of [...nameless, ...process.flows.values()]) yield* nameOf(element, process.language);
  for (const set of process.element.laneSets ?? []) for (const lane of lanesOf(set)) yield* nameOf(lane, process.language);
}

const lanesOf = (set) => (set.lanes ?? []).flatMap((lane) => [lane, ...(lane.childLaneSet ? lanesOf(lane.childLaneSet) : [])]);

/** A name that nobody has begun to translate is the file's own, and read as it is. */
function* nameOf(element, source) {
  const value = (element.name ?? '').trim();
  if (!value) return;
  const translated = Object.entries(textsOf(extensionOf(element, 'run:Label')?.name)).filter(([lang]) => lang !== source);
  if (translated.length) yield* languages(element.id, 'name', [{ lang: source, value }, ...translated.map(([lang, text]) => ({ lang, value: text }))]);
}

export const RULES = [tasks, evidence, costs, agents, translations];
export const FILE_RULES = [service, outputs];
