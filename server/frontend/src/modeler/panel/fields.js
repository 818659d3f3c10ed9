/** One field for each property that run.json declares: what kind it is decides the control, labels.js names it. */
import { html } from 'diagram-js/lib/ui';
import { kindOf, propertyOf, valuesOf } from '../schema.js';
import { firstText, textIn, withText } from '../texts.js';
import { Combobox } from './combobox.js';
import { usePanel } from './context.js';
import { FeelInput } from './feel.js';
import { Checkbox, Checks, NumberInput, Select, TextArea, TextInput } from './inputs.js';
import { LABELS, PAYERS, VALUES } from './labels.js';
import { MarkdownInput } from './markdown.js';

const ID = /^[A-Za-z_][\w.-]*$/;

/** The field of `type`.`name` in the place `holder`. */
export function SchemaField({ type, name, holder, ...rest }) {
  const panel = usePanel();
  const property = propertyOf(type, name);
  const { label, hint, as } = LABELS[`${type}.${name}`];
  const kind = kindOf(property);
  const common = { label: panel.t(label), hint: hint && panel.t(hint), property, holder, as, ...rest };
  if (kind === 'texts') return html`<${TextsField} ...${common} name=${name} />`;
  const Control = { choice: ChoiceField, flag: FlagField, expression: ExpressionField }[kind] ?? AttributeField;
  return html`<${Control} ...${common} name=${name} kind=${kind} />`;
}

const read = (holder, name) => holder.get()?.get(name);

/** A text in each language; the one the service is written in first, or `said`, stands below as the source. */
function TextsField({ holder, name, property, as, label, hint, said }) {
  const { language, source, metadata, element } = usePanel();
  const list = read(holder, name) ?? [];
  const original = language === source ? '' : (said ?? firstText(list, [source]));
  const commit = (value) => metadata.write(element, holder, (target) => {
    const make = (lang, text) => metadata.create(`run:${property.type}`, { lang, value: text }, target);
    return { [name]: withText(target.get(name), language, value, make) };
  });
  const Control = as === 'markdown' ? MarkdownInput : as === 'area' ? TextArea : TextInput;
  return html`<div class="mp-texts">
    <${Control} key=${language} label=${label} mark=${language.toUpperCase()} hint=${hint} lang=${language} value=${textIn(list, language)} commit=${commit} />
    ${original && html`<p class="mp-source"><span class="mp-mark">${source.toUpperCase()}</span> <span lang=${source}>${original}</span></p>`}
  </div>`;
}

function ChoiceField({ holder, name, property, label, hint, onChange }) {
  const { t, metadata, element } = usePanel();
  const words = VALUES[property.type];
  const options = valuesOf(property.type).map((value) => [value, words[value] ? t(words[value]) : value]);
  const value = read(holder, name) ?? property.default;
  const commit = onChange ?? ((chosen) => metadata.write(element, holder, { [name]: chosen || undefined }));
  return html`<${Select} label=${label} hint=${hint} value=${value} options=${options} commit=${commit} empty=${property.default ? undefined : t('Choose…')} />`;
}

function FlagField({ holder, name, property, label, hint }) {
  const { metadata, element } = usePanel();
  const value = read(holder, name) ?? property.default;
  return html`<${Checkbox} label=${label} hint=${hint} value=${value} commit=${(on) => metadata.write(element, holder, { [name]: on })} />`;
}

function ExpressionField({ holder, name, label, hint, kind: _kind, feelKind, unit }) {
  const { metadata, element } = usePanel();
  const commit = (text) => metadata.write(element, holder, (target) => ({ [name]: metadata.expression(text, target, 'run:Expression') }));
  return html`<${FeelInput} label=${label} hint=${hint} unit=${unit} kind=${feelKind ?? 'quantity'} value=${read(holder, name)?.get('body')} commit=${commit} />`;
}

function AttributeField({ holder, name, property, as, label, hint, kind, onChange, unit }) {
  const panel = usePanel();
  const { t, metadata, element } = panel;
  const stored = read(holder, name);
  const shown = stored === undefined && property.default !== undefined ? property.default : stored;
  // a tab in an attribute comes back as a space: it is one from the start
  const write = onChange ?? ((value) => metadata.write(element, holder, { [name]: value === '' ? undefined : value }));
  const commit = (value) => write(typeof value === 'string' ? value.replace(/\s+/g, ' ').trim() : value);
  const props = { label, hint, value: shown, commit };
  if (kind === 'whole') return html`<${NumberInput} ...${props} whole from=${0} commit=${(text) => write(wholeOf(text))} />`;
  if (as === 'number') return html`<${NumberInput} ...${props} />`;
  if (as === 'share') return html`<${NumberInput} ...${props} from=${0} to=${1} placeholder="0.25" />`;
  if (as === 'feel') return html`<${FeelInput} ...${props} unit=${unit} />`;
  if (as === 'id') return html`<${TextInput} ...${props} mono error=${shown && !ID.test(shown) ? t('Begin with a letter; then letters, digits, _ . and -.') : undefined} />`;
  if (as === 'criteria') return html`<${CriteriaField} ...${props} />`;
  if (as === 'payer') return html`<${Select} ...${props} value=${shown || 'fund'} options=${PAYERS.map(([key, words]) => [key, t(words)])} />`;
  const options = panel.vocabulary.options(as);
  return options ? html`<${Combobox} ...${props} options=${options} free />` : html`<${TextInput} ...${props} />`;
}

/** The whole number as moddle writes it; what is none stays text, so nothing typed is lost and lint can say it. */
function wholeOf(text) {
  if (text === '') return undefined;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

/** Evidence names the criteria it proves by their ids. */
function CriteriaField({ label, hint, value, commit }) {
  const { t, owner, extension, language, source } = usePanel();
  const criteria = extension('run:Task')?.get('criterion') ?? [];
  if (!criteria.length) return html`<p class="mp-hint">${t('Add acceptance criteria first; evidence proves them.')}</p>`;
  const options = criteria.map((item) => [item.get('id'), firstText(item.get('label'), [language, source]) || item.get('id')]);
  const chosen = String(value ?? '').replaceAll(',', ' ').split(/\s+/).filter(Boolean);
  return html`<${Checks} key=${owner.id} label=${label} hint=${hint} value=${chosen} options=${options} commit=${(ids) => commit(ids.join(' '))} />`;
}
