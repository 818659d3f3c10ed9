/** A field that finds one of many by part of its name or code. Source: ARIA APG, editable combobox with list autocomplete. */
import { html, useEffect, useRef, useState } from 'diagram-js/lib/ui';
import { usePanel } from './context.js';
import { useFieldId } from './ids.js';
import { Field, matching } from './inputs.js';

/** options: [{value, words, detail}]. What is typed and is none of them can be kept by Enter: `free` says so. */
export function Combobox({ label, value, commit, options, hint, error, note, free }) {
  const { t, readOnly } = usePanel();
  const listId = useFieldId();
  const [typed, setTyped] = useState(null);
  const [edited, setEdited] = useState(false); // opening the list is no change: only who empties the field takes the value out
  const [at, setAt] = useState(-1);
  const list = useRef(null);
  const chosen = options.find((option) => option.value === value);
  const found = typed === null ? [] : matching(options, typed);
  useEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }), [at, typed]);

  const open = () => {
    setTyped('');
    setEdited(false);
    setAt(-1);
  };
  const close = () => setTyped(null);
  const choose = (option) => {
    close();
    if (option && option.value !== value) commit(option.value);
  };
  const leave = () => {
    if (edited && typed !== null && !typed.trim() && value) commit('');
    else if (free && typed?.trim() && !found.length) commit(typed.trim());
    close();
  };
  const onKeyDown = (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (typed === null) open();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const count = typed === null ? options.length : found.length;
      return setAt((place) => (place < 0 && step < 0 ? count - 1 : (place + step + count) % Math.max(1, count)));
    }
    if (event.key === 'Enter' && typed !== null) {
      event.preventDefault();
      if (found.length && (typed.trim() || found[at])) return choose(found[at] ?? found[0]);
      return leave();
    }
    if (event.key === 'Escape' && typed !== null) {
      event.stopPropagation();
      return close();
    }
    return undefined;
  };
  const control = (id, describedBy) => html`<div class="mp-combobox">
    <input id=${id} class="mp-input" type="text" role="combobox" autocomplete="off" aria-autocomplete="list" aria-controls=${listId}
      aria-expanded=${typed !== null && found.length > 0 ? 'true' : 'false'} aria-activedescendant=${found[at] ? `${listId}-${at}` : undefined}
      aria-describedby=${describedBy} disabled=${readOnly} placeholder=${t('Search by name or code')}
      value=${typed !== null && edited ? typed : (chosen ? chosen.words : (value ?? ''))}
      onFocus=${(event) => event.target.select()} onClick=${() => typed === null && open()}
      onInput=${(event) => { setAt(0); setEdited(true); setTyped(event.target.value); }} onBlur=${leave} onKeyDown=${onKeyDown} />
    <ul id=${listId} role="listbox" class="mp-listbox" ref=${list} hidden=${typed === null || !found.length} aria-label=${label}>
      ${found.map((option, index) => html`<li id="${listId}-${index}" role="option" aria-selected=${index === at ? 'true' : 'false'} key=${option.value}
        onMouseDown=${(event) => { event.preventDefault(); choose(option); }}><span>${option.words}</span> <small>${option.detail}</small></li>`)}
    </ul>
  </div>`;
  const unknown = value && !chosen && options.length ? t('“%(value)s” is not in the list.', { value }) : undefined;
  return html`<${Field} ...${{ label, hint, control }} error=${error ?? unknown} note=${note ?? (chosen ? chosen.detail : undefined)} />`;
}
