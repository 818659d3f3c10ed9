/**
 * Instructions in Markdown, with a preview: the part of CommonMark that task cards use, drawn as elements.
 *
 * The server draws the cards themselves (server/http/markdown.py); no HTML of an author is ever made HTML.
 */
import { html, useState } from 'diagram-js/lib/ui';
import { usePanel } from './context.js';
import { TextArea } from './inputs.js';

const INLINE = /(\*\*([^*]+)\*\*|__([^_]+)__|\*([^*\s][^*]*)\*|`([^`]+)`|\[([^\]]+)\]\((https?:\/\/[^)\s]+|mailto:[^)\s]+)\))/g;

/** The pieces of a line: strings and [tag, text, address?]. */
export function inline(text) {
  const pieces = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > last) pieces.push(text.slice(last, match.index));
    const [, , strong, strong2, em, code, words, address] = match;
    if (strong ?? strong2) pieces.push(['strong', strong ?? strong2]);
    else if (em) pieces.push(['em', em]);
    else if (code) pieces.push(['code', code]);
    else pieces.push(['a', words, address]);
    last = match.index + match[0].length;
  }
  if (last < text.length) pieces.push(text.slice(last));
  return pieces;
}

/** The blocks of a text: {tag, level?, items?, text?}. */
export function blocks(source) {
  const found = [];
  const last = () => found[found.length - 1];
  let open = false;
  for (const line of source.split(/\r?\n/)) {
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const item = /^\s{0,3}(?:([-*+])|\d{1,9}[.)])\s+(.*)$/.exec(line);
    if (!line.trim()) open = false;
    else if (heading) {
      found.push({ tag: `h${Math.min(6, Math.max(3, heading[1].length + 1))}`, text: heading[2] });
      open = false;
    } else if (item) {
      const tag = item[1] ? 'ul' : 'ol';
      if (last()?.tag !== tag) found.push({ tag, items: [] });
      last().items.push(item[2]);
      open = true;
    } else if (open && last()?.items) last().items.push(`${last().items.pop()} ${line.trim()}`);
    else if (open && last()?.tag === 'p') last().text += ` ${line.trim()}`;
    else {
      found.push({ tag: 'p', text: line.trim() });
      open = true;
    }
  }
  return found;
}

function Inline({ text }) {
  return inline(text).map((piece) => {
    if (typeof piece === 'string') return piece;
    const [tag, words, address] = piece;
    return tag === 'a' ? html`<a href=${address} rel="noreferrer noopener" target="_blank">${words}</a>` : html`<${tag}>${words}</${tag}>`;
  });
}

export function Markdown({ text }) {
  return blocks(text).map(({ tag, items, text: words }) => html`<${tag}>
    ${items ? items.map((item) => html`<li><${Inline} text=${item} /></li>`) : html`<${Inline} text=${words} />`}
  </${tag}>`);
}

export function MarkdownInput({ value, hint, ...rest }) {
  const { t } = usePanel();
  const [shown, setShown] = useState(false);
  const text = value ?? '';
  const show = (on) => () => setShown(on);
  return html`<div class="mp-markdown">
    <div class="mp-switch" role="group" aria-label=${t('Show')}>
      <button type="button" aria-pressed=${String(!shown)} onClick=${show(false)}>${t('Write')}</button>
      <button type="button" aria-pressed=${String(shown)} onClick=${show(true)}>${t('Preview')}</button>
    </div>
    ${shown
      ? html`<div class="mp-preview run-prose" lang=${rest.lang} tabindex="0" role="region" aria-label=${t('Preview')}>
          ${text.trim() ? html`<${Markdown} text=${text} />` : html`<p class="mp-hint">${t('Nothing is written yet.')}</p>`}</div>`
      : html`<${TextArea} ...${rest} value=${text} rows=${6} hint=${hint ?? t('Markdown: # heading, - list, **bold**.')} />`}
  </div>`;
}
