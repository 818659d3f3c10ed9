/** The fields of the panel: a label, a control, what is wrong or helpful below it. */
import { html } from 'diagram-js/lib/ui';
import { usePanel } from './context.js';
import { useFieldId } from './ids.js';
import { useDraft } from './draft.js';

/** Label, control and notes. `control(id, describedBy)` makes the control. */
export function Field({ label, hint, error, note, mark, control }) {
  const id = useFieldId();
  const notes = [[error, `${id}-error`], [note, `${id}-note`], [hint, `${id}-hint`]].filter(([text]) => text);
  return html`<div class="mp-field ${error ? 'mp-field--wrong' : ''}">
    <label class="mp-label" for=${id}>${label}${mark && html` <span class="mp-mark">${mark}</span>`}</label>
    ${control(id, notes.map(([, noteId]) => noteId).join(' ') || undefined)}
    ${error && html`<p class="mp-error" id="${id}-error" role="status">${error}</p>`}
    ${note && html`<p class="mp-note" id="${id}-note">${note}</p>`}
    ${hint && html`<p class="mp-hint" id="${id}-hint">${hint}</p>`}
  </div>`;
}

export function TextInput({ label, value, commit, hint, error, note, mark, lang, mono, list, inputmode, placeholder }) {
  const { readOnly } = usePanel();
  const draft = useDraft(value ?? '', commit);
  const control = (id, describedBy) => html`<input id=${id} class="mp-input ${mono ? 'mp-mono' : ''}" type="text" autocomplete="off"
    spellcheck=${mono ? 'false' : undefined} lang=${lang} list=${list} inputmode=${inputmode} placeholder=${placeholder} disabled=${readOnly}
    aria-invalid=${error ? 'true' : undefined} aria-describedby=${describedBy} ...${draft} />`;
  return html`<${Field} ...${{ label, hint, error, note, mark, control }} />`;
}

export function TextArea({ label, value, commit, hint, error, note, mark, lang, mono, rows = 2 }) {
  const { readOnly } = usePanel();
  const draft = useDraft(value ?? '', commit);
  const lines = Math.min(14, Math.max(rows, Math.ceil((draft.value ?? '').length / 44), (draft.value ?? '').split('\n').length));
  const control = (id, describedBy) => html`<textarea id=${id} class="mp-input ${mono ? 'mp-mono' : ''}" rows=${lines} lang=${lang}
    spellcheck=${mono ? 'false' : undefined} disabled=${readOnly} aria-invalid=${error ? 'true' : undefined}
    aria-describedby=${describedBy} ...${draft}></textarea>`;
  return html`<${Field} ...${{ label, hint, error, note, mark, control }} />`;
}

/** options: [value, words]; a value that is not among them is kept and shown as it is. */
export function Select({ label, value, commit, options, hint, error, empty }) {
  const { readOnly } = usePanel();
  const all = [...(empty === undefined ? [] : [['', empty]]), ...options];
  if (value && !all.some(([key]) => key === value)) all.push([value, value]);
  const control = (id, describedBy) => html`<select id=${id} class="mp-input" disabled=${readOnly} aria-describedby=${describedBy}
    value=${value ?? ''} onChange=${(event) => commit(event.target.value)}>
    ${all.map(([key, words]) => html`<option value=${key} selected=${key === (value ?? '')}>${words}</option>`)}
  </select>`;
  return html`<${Field} ...${{ label, hint, error, control }} />`;
}

export function Checkbox({ label, value, commit, hint }) {
  const { readOnly } = usePanel();
  const id = useFieldId();
  return html`<div class="mp-field mp-check">
    <input id=${id} type="checkbox" class="form-check-input" checked=${Boolean(value)} disabled=${readOnly} aria-describedby=${hint ? `${id}-hint` : undefined}
      onChange=${(event) => commit(event.target.checked)} />
    <label for=${id}>${label}</label>
    ${hint && html`<p class="mp-hint" id="${id}-hint">${hint}</p>`}
  </div>`;
}

/** Several of a few: options [value, words]; `value` and what is committed are lists of values. */
export function Checks({ label, value, commit, options, hint }) {
  const { readOnly } = usePanel();
  const id = useFieldId();
  const toggle = (key, on) => commit(options.map(([each]) => each).filter((each) => (each === key ? on : value.includes(each))));
  return html`<fieldset class="mp-field mp-checks"><legend class="mp-label">${label}</legend>
    ${options.map(([key, words], index) => html`<div class="mp-check">
      <input id="${id}-${index}" type="checkbox" class="form-check-input" checked=${value.includes(key)} disabled=${readOnly} onChange=${(event) => toggle(key, event.target.checked)} />
      <label for="${id}-${index}">${words}</label></div>`)}
    ${hint && html`<p class="mp-hint">${hint}</p>`}
  </fieldset>`;
}

const WRITTEN = /^-?\d{1,15}(\.\d{1,9})?$/;

/** A number as text, exactly as it is written; a comma becomes a point. `whole`: no decimals; `from`, `to`: limits. */
export function NumberInput({ label, value, commit, hint, whole, from, to, placeholder }) {
  const { t } = usePanel();
  const text = value === undefined || value === null ? '' : String(value);
  const problem = () => {
    if (!text) return undefined;
    if (!WRITTEN.test(text)) return t('Write a number, for example 0.25.');
    if (whole && text.includes('.')) return t('Write a whole number.');
    if ((from !== undefined && Number(text) < from) || (to !== undefined && Number(text) > to)) {
      return to === undefined ? t('At least %(from)s.', { from }) : t('Between %(from)s and %(to)s.', { from, to });
    }
    return undefined;
  };
  const write = (typed) => commit(typed.trim().replace(',', '.'));
  return html`<${TextInput} ...${{ label, hint, placeholder }} value=${text} commit=${write} error=${problem()} inputmode=${whole ? 'numeric' : 'decimal'} />`;
}

/** One choice of many, found by typing part of its name or code. options: [{value, words, detail}]. */
export function cleaned(text) {
  return String(text).normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

export function matching(options, typed, limit = 50) {
  const words = cleaned(typed).split(/\s+/).filter(Boolean);
  const found = options.filter((option) => {
    const text = cleaned(`${option.words} ${option.value} ${option.detail ?? ''}`);
    return words.every((word) => text.includes(word));
  });
  return found.slice(0, limit);
}
