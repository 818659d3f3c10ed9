/** Reading the live state of an instance: `{nodes: {id: {state, count, label, heat, counts}}}` -> what to draw. */
import { lookOf, stateKey } from '../shared/states.js';

const HEAT_LEVELS = 5;

function badgeOf(entry) {
  if (!entry || typeof entry !== 'object' || !entry.state) return null;
  const count = Number.isFinite(entry.count) && entry.count > 0 ? Math.trunc(entry.count) : null;
  const word = String(entry.label ?? '').trim() || stateKey(entry.state).replaceAll('_', ' ');
  return { state: stateKey(entry.state), text: count === null ? '' : String(count), label: word };
}

function heatOf(value) {
  if (!Number.isFinite(value) || value <= 0) return 0;
  return Math.min(HEAT_LEVELS, Math.max(1, Math.round(value)));
}

/** A map from element id to `{badges, tone, heat, label}`; entries that make no sense are left out, never thrown. */
export function readState(answer) {
  const nodes = answer && typeof answer === 'object' && answer.nodes && typeof answer.nodes === 'object' ? answer.nodes : {};
  const drawn = new Map();
  for (const [id, node] of Object.entries(nodes)) {
    if (!node || typeof node !== 'object') continue;
    const own = badgeOf(node);
    const more = (Array.isArray(node.counts) ? node.counts : []).map(badgeOf).filter((badge) => badge && badge.text);
    const badges = [own, ...more].filter(Boolean);
    const heat = heatOf(node.heat);
    if (!badges.length && !heat) continue;
    drawn.set(id, { badges, tone: own ? lookOf(own.state).tone : null, heat, label: badges.map(({ label }) => label).join(', ') });
  }
  return drawn;
}

/** The element a person most likely came for: the first one that waits for somebody, else the first that is going on. */
export function firstOfInterest(drawn) {
  for (const tone of ['fail', 'needs', 'going']) for (const [id, node] of drawn) if (node.tone === tone) return id;
  return null;
}
