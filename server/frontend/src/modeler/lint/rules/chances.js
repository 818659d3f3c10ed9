/** Rules for estimates: possible, stated, and chances that add up. See workflows/definitions/lint/progress.py. */
import { N_ } from '../../words/translate.js';
import { shown } from '../model.js';

const ONE = 1_000_000_000n; // numbers are in billionths, so sums are exact
const TOLERANCE = 1_000n;

export function* probabilities(process) {
  for (const flow of process.flows.values()) yield* range(flow);
  for (const node of process.nodes.values()) {
    yield* range(node);
    const ways = node.outgoing.map((id) => process.flows.get(id));
    if (['exclusiveGateway', 'eventBasedGateway'].includes(node.kind) && ways.length > 1) {
      yield* sum(process, node, ways);
    } else if (node.kind === 'inclusiveGateway' && ways.length > 1) {
      if (ways.some((flow) => flow.id !== node.default && isUnstated(flow.estimate))) yield assumed(node);
    } else if (node.kind === 'boundaryEvent' && isUnstated(node.estimate)) {
      yield ['missing-probability', node.id, N_('The event “%(name)s” does not say how often it happens; never is assumed. Estimate its chance.'), { name: shown(node) }];
    }
  }
}

const isUnstated = (estimate) => (estimate?.probability ?? null) === null;

function* range(element) {
  const estimate = element.estimate;
  if (!estimate) return;
  const shares = [estimate.probability, estimate.rework].filter((value) => value !== null);
  const days = estimate.durations ?? [0n, 0n, 0n];
  if (
    shares.some((share) => share < 0n || share > ONE) ||
    (estimate.rework !== null && estimate.rework >= ONE) ||
    (estimate.repetitions !== null && estimate.repetitions < 0n) ||
    days[0] < 0n || days[0] > days[1] || days[1] > days[2]
  ) {
    yield ['invalid-probability', element.id, N_('The estimate of “%(name)s” is impossible: shares lie between 0 and 1, repetitions and days are not negative, minimum ≤ typical ≤ maximum. Correct it.'), { name: shown(element) }];
  }
}

const assumed = (node) => [
  'missing-probability', node.id, N_('Not every arrow behind “%(name)s” says how often it is followed; equal chances are assumed. Estimate them.'), { name: shown(node) }
];

function* sum(process, node, ways) {
  const estimates = ways.map((flow) => {
    const mayStandAtEvent = node.kind === 'eventBasedGateway' && isUnstated(flow.estimate);
    return mayStandAtEvent ? process.nodes.get(flow.target)?.estimate : flow.estimate;
  });
  const known = estimates.filter((each) => !isUnstated(each)).map((each) => each.probability);
  const total = known.reduce((all, each) => all + each, 0n);
  if (known.length < estimates.length - 1 || (known.length < estimates.length && total >= ONE)) yield assumed(node);
  const off = total > ONE ? total - ONE : ONE - total;
  if (total > ONE + TOLERANCE || (known.length === estimates.length && off > TOLERANCE)) {
    yield ['probability-sum', node.id, N_('The chances of the arrows behind “%(name)s” sum to %(sum)s, not to 1. Correct them.'), { name: shown(node), sum: Number(total) / Number(ONE) }];
  }
}

export const RULES = [probabilities];
