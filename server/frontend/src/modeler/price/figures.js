/** The numbers of the price panel: money in words, trend, heat, the band on its scale. Pure. */

const LOCALES = { en: 'en-GB', fr: 'fr-FR', es: 'es-ES' };
export const HEAT_LEVELS = 5;

/** An amount in minor units as the readers of a language write it; "–" when it is not known. */
export function money(minor, digits, language) {
  if (minor === null || minor === undefined) return '–';
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(LOCALES[language] ?? language, options).format(minor / 10 ** digits);
}

/** What changed since the draft was opened: {minor, sign} with sign "more", "less" or "same"; null when not known. */
export function trend(now, opened) {
  if (now === null || now === undefined || opened === null || opened === undefined) return null;
  const minor = now - opened;
  return { minor: Math.abs(minor), sign: minor > 0 ? 'more' : minor < 0 ? 'less' : 'same' };
}

/** Task id -> 1 to 5 by its share of the dearest task's cost; tasks that cost nothing are left out. */
export function heat(tasks) {
  const most = Math.max(0, ...Object.values(tasks ?? {}));
  const found = new Map();
  for (const [id, minor] of Object.entries(tasks ?? {})) {
    if (minor > 0) found.set(id, Math.max(1, Math.ceil((minor / most) * HEAT_LEVELS)));
  }
  return found;
}

/** The span of amounts of a level of `heat`, [from, to] in minor units. */
export function spanOf(level, tasks) {
  const most = Math.max(0, ...Object.values(tasks ?? {}));
  return [Math.round((most * (level - 1)) / HEAT_LEVELS), Math.round((most * level) / HEAT_LEVELS)];
}

/** Where P50 to P95, P80 and the expected price are on a line from 0 to 100, on one scale for all of a currency. */
export function band(region, regions) {
  const alike = regions.filter(({ currency }) => currency === region.currency);
  const most = Math.max(1, ...alike.flatMap(({ p95_minor: p95, expected_minor: expected }) => [p95 ?? 0, expected ?? 0]));
  const at = (minor) => Math.round((minor / most) * 960) / 10;
  return { from: at(region.p50_minor), to: at(region.p95_minor), p80: at(region.p80_minor), expected: at(region.expected_minor) };
}

/** How long ago, in whole minutes. */
export const minutesSince = (then, now) => Math.max(0, Math.round((now - then) / 60_000));
