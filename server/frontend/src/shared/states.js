/**
 * How a state looks: one list for the stylesheet (read by vite.config.js) and for the diagram.
 *
 * tone: done (green), going (blue), needs (ochre: a person has to act), fail (red: failure or money at risk),
 * quiet (grey: nothing to do). The word beside it comes from the server, in the person's language.
 */
const look = (tone, icon) => Object.freeze({ tone, icon });

export const UNKNOWN_STATE = look('quiet', 'circle');

export const STATES = Object.freeze({
  // work
  planned: look('quiet', 'circle'),
  not_started: look('quiet', 'circle'),
  ready: look('needs', 'hand-index'),
  waiting: look('going', 'hourglass-split'),
  started: look('going', 'play-circle'),
  running: look('going', 'play-circle'),
  work_done: look('done', 'check'),
  done: look('done', 'check-circle'),
  completed: look('done', 'check-circle'),
  evaluated: look('done', 'star'),
  closed: look('quiet', 'lock'),
  cancelled: look('quiet', 'slash-circle'),
  late: look('fail', 'alarm'),
  incident: look('fail', 'exclamation-triangle'),
  // forms and deliveries
  draft: look('quiet', 'pencil'),
  incomplete: look('needs', 'hourglass-split'),
  received: look('going', 'inbox'),
  submitted: look('going', 'send'),
  in_review: look('going', 'search'),
  flagged: look('needs', 'flag'),
  sent_back: look('needs', 'arrow-return-left'),
  accepted: look('done', 'check-circle'),
  refused: look('fail', 'x-circle'),
  rejected: look('fail', 'x-circle'),
  // services, requests and quotes
  published: look('done', 'patch-check'),
  superseded: look('quiet', 'archive'),
  withdrawn: look('quiet', 'slash-circle'),
  requested: look('needs', 'inbox'),
  quoted: look('going', 'calculator'),
  expired: look('quiet', 'clock-history'),
  price_missing: look('fail', 'tag'),
  // money
  committed: look('going', 'lock'),
  owed: look('needs', 'coin'),
  payable: look('needs', 'coin'),
  collected: look('going', 'collection'),
  prepared: look('needs', 'pencil-square'),
  awaiting_approval: look('needs', 'people'),
  approved: look('done', 'check2-all'),
  exported: look('going', 'file-earmark-arrow-down'),
  sent: look('going', 'send'),
  paid: look('done', 'cash-coin'),
  settled: look('done', 'cash-coin'),
  failed: look('fail', 'x-circle'),
  reversed: look('quiet', 'arrow-counterclockwise'),
  // people and records
  active: look('done', 'check-circle'),
  suspended: look('fail', 'slash-circle'),
  verified: look('done', 'shield-check'),
  tampered: look('fail', 'shield-exclamation')
});

/** The key under which a state is listed: lower case, underscores. */
export function stateKey(state) {
  return String(state ?? '').trim().toLowerCase().replace(/[\s-]+/g, '_');
}

/** The tone and icon of a state; an unknown state is quiet, never an error. */
export function lookOf(state) {
  const key = stateKey(state);
  return Object.hasOwn(STATES, key) ? STATES[key] : UNKNOWN_STATE;
}
