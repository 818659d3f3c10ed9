/** Rules for timers: a time is given, and none that is shorter than the house can keep. See lint/timers.py. */
import { N_ } from '../../words/translate.js';
import { shown } from '../model.js';

const SHORTEST_SECONDS = 60;
const DURATION = /^P(?=[0-9T])(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,6})D)?(?:T(?=[0-9])(?:([0-9]{1,7})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)S)?)?$/;
const SECONDS = [31_536_000, 2_592_000, 604_800, 86_400, 3_600, 60, 1];
const CYCLE = /^R[0-9]{0,6}\/(?:[^/]+\/)?([^/]+)$/;
const SPOKEN = /^duration\(\s*"([^"\\]*)"\s*\)$/; // the one call that gives a time by itself

function secondsOf(text) {
  const time = SPOKEN.exec(text)?.[1] ?? text;
  const found = DURATION.exec(CYCLE.exec(time)?.[1] ?? time);
  return found ? found.slice(1).reduce((sum, part, index) => sum + Number(part ?? 0) * SECONDS[index], 0) : null;
}

export function* timers(process) {
  for (const node of process.nodes.values()) {
    if (node.event !== 'timer') continue;
    const time = node.detail;
    const seconds = secondsOf(time);
    if (!time) {
      yield ['timer-without-time', node.id, N_('The timer “%(name)s” has no time. Give a duration, for example P5D for five days.'), { name: shown(node) }];
    } else if (seconds !== null && seconds < SHORTEST_SECONDS) {
      yield ['timer-too-short', node.id, N_('The timer “%(name)s” rings after less than a minute (%(time)s). Use at least PT1M.'), { name: shown(node), time: time.slice(0, 60) }];
    }
  }
}

export const RULES = [timers];
