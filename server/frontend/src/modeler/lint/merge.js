/** What is wrong: the browser's findings at once, the server's as soon as it answers; the server decides. */

const RANK = { fatal: 0, error: 1, warning: 2, info: 3 };

/**
 * The findings to show while the server has not judged this drawing yet: the browser's own, and of the server's
 * last report what the browser cannot know, as far as the elements are still there.
 */
export function merged(own, report, { codes, isThere }) {
  const kept = (report ?? []).filter(({ code, element }) => !codes.includes(code) && (!element || isThere(element)));
  return [...own, ...kept.map((problem) => ({ ...problem, earlier: true }))];
}

export const isBlocking = ({ severity }) => severity === 'fatal' || severity === 'error';

/** The worst first; otherwise in the order of the diagram. */
export const worstFirst = (problems) => [...problems].sort((one, other) => (RANK[one.severity] ?? 9) - (RANK[other.severity] ?? 9));

/** Element id -> its problems, the worst first. */
export function byElement(problems) {
  const found = new Map();
  for (const problem of worstFirst(problems)) {
    if (!problem.element) continue;
    if (!found.has(problem.element)) found.set(problem.element, []);
    found.get(problem.element).push(problem);
  }
  return found;
}

/** {fix, look, know}: how many must be mended, should be looked at, are good to know. */
export function counted(problems) {
  const counts = { fix: 0, look: 0, know: 0 };
  for (const problem of problems) counts[isBlocking(problem) ? 'fix' : problem.severity === 'warning' ? 'look' : 'know'] += 1;
  return counts;
}
