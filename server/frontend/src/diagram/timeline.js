/** What happened, beside the diagram: the list of the page follows the stream. */

/**
 * Brings the list `place` up to date with `lines`, newest first: {at, moment, words}. Lines that are there stay the same
 * elements, so a screen reader's place and a selection are kept; without lines nothing changes.
 */
export function tellTimeline(place, lines) {
  if (!place || !Array.isArray(lines)) return;
  const there = new Map([...place.children].map((line) => [keyOf(line.querySelector('time')?.getAttribute('datetime'), line.querySelector('p')?.textContent), line]));
  const wanted = lines.filter((line) => line && typeof line === 'object').map((line) => there.get(keyOf(line.at, line.words)) ?? lineOf(place.ownerDocument, line));
  if (wanted.length === place.children.length && wanted.every((line, index) => line === place.children[index])) return;
  place.replaceChildren(...wanted);
}

const keyOf = (at, words) => `${at ?? ''} ${(words ?? '').trim()}`;

function lineOf(document, { at, moment, words }) {
  const line = document.createElement('li');
  const time = document.createElement('time');
  time.setAttribute('datetime', at ?? '');
  time.textContent = moment ?? '';
  const text = document.createElement('p');
  text.textContent = words ?? '';
  line.append(time, text);
  return line;
}
