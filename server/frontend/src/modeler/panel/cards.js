/** The cards: what a service, a task, a service task and the like say in `run:` elements, in groups. */
import { html } from 'diagram-js/lib/ui';
import { firstText } from '../texts.js';
import { usePanel } from './context.js';
import { SchemaField } from './fields.js';
import { Group } from './group.js';
import { VALUES } from './labels.js';
import { List, freeId } from './list.js';

const count = (holder, name) => (holder.get()?.get(name) ?? []).length || '';

function useWords() {
  const { language, source } = usePanel();
  return (list) => firstText(list, [language, source]);
}

const fields = (type, holder, names) => names.map((name) => html`<${SchemaField} key=${name} ...${{ type, name, holder }} />`);

// the card of the service

export function ServiceCard({ holder }) {
  const panel = usePanel();
  const { t, vocabulary } = panel;
  const words = useWords();
  const titled = (item) => words(item.get('label')) || item.get('id');
  const parameterTitle = (item) => [titled(item), [item.get('default'), vocabulary.unit(item.get('unit'))].filter(Boolean).join(' ')].filter(Boolean).join(': ');
  return html`
    <${Group} id="service" label=${t('Service')} open>${fields('Service', holder, ['name', 'purpose', 'justification', 'code'])}
      <${LanguageField} holder=${holder} /></${Group}>
    <${Group} id="outputs" label=${t('Outputs')} badge=${count(holder, 'output')}>
      <${List} bare type="Service" name="output" itemType="run:Output" holder=${holder} titleOf=${titled} fresh=${(list) => ({ id: freeId(list, 'output'), quantity: '1', unit: 'C62' })}>
        ${(_, place) => html`${fields('Output', place, ['label', 'quantity', 'unit', 'id'])}`}</${List}></${Group}>
    <${Group} id="parameters" label=${t('Parameters')} badge=${count(holder, 'parameter')}>
      <${List} bare type="Service" name="parameter" itemType="run:Parameter" holder=${holder} titleOf=${parameterTitle} fresh=${(list) => ({ id: freeId(list, 'number'), unit: 'C62' })}>
        ${(_, place) => html`${fields('Parameter', place, ['label', 'id', 'unit'])}<div class="mp-row">${fields('Parameter', place, ['default', 'minimum', 'maximum'])}</div>`}</${List}></${Group}>
    <${Group} id="service-forms" label=${t('Forms')} badge=${count(holder, 'form')}>
      <${Forms} type="Service" holder=${holder} roles=${['request', 'evaluation']} /></${Group}>`;
}

function LanguageField({ holder }) {
  const { t, languages, languageName, metadata, element } = usePanel();
  const value = holder.get()?.get('language') ?? '';
  return html`<div class="mp-field"><label class="mp-label" for="source-language">${t('Language it is written in first')}</label>
    <select id="source-language" class="mp-input" value=${value} onChange=${(event) => metadata.write(element, holder, { language: event.target.value || undefined })}>
      ${['', ...languages].map((code) => html`<option value=${code} selected=${code === value}>${code ? languageName(code) : t('Choose…')}</option>`)}
    </select></div>`;
}

function Forms({ type, holder, roles }) {
  const { t, vocabulary, addresses } = usePanel();
  const titleOf = (item) => `${t(VALUES.FormRole[item.get('role')] ?? '')}: ${vocabulary.words('form', item.get('ref'))}`.replace(/^: |: $/, '');
  const fresh = (list) => ({ role: roles.find((role) => !list.some((each) => each.get('role') === role)) ?? roles[0], version: '1.0.0' });
  return html`<${List} bare type=${type} name="form" itemType="run:Form" holder=${holder} titleOf=${titleOf} fresh=${fresh}>
    ${(_, place) => html`${fields('Form', place, ['role', 'ref', 'version'])}`}</${List}>
    ${addresses.overview && html`<p class="mp-hint"><a href=${addresses.overview}>${t('Upload a form (XLSForm)')}</a></p>`}`;
}

// the card of a task

export function TaskCard({ holder, estimate }) {
  const { t, vocabulary } = usePanel();
  const card = holder.get();
  const skill = card?.get('skill');
  const expenses = count(holder, 'expense');
  const days = card?.get('deadlineDays');
  const verification = card?.get('verification');
  return html`
    <${Group} id="work" label=${t('Work')} open>${fields('Task', holder, ['title'])}
      <${Sentences} name="activity" holder=${holder} prefix="activity" />${fields('Task', holder, ['outcome'])}
      <${Sentences} name="criterion" holder=${holder} prefix="criterion" /></${Group}>
    <${Group} id="evidence" label=${t('Evidence')} badge=${count(holder, 'evidence')}><${EvidenceList} holder=${holder} /></${Group}>
    <${Group} id="skill" label=${t('Skill')} badge=${skill && vocabulary.words('skill', skill)}>${fields('Task', holder, ['skill'])}</${Group}>
    <${Group} id="money" label=${t('Money')} badge=${expenses}><${Expenses} holder=${holder} /><${Honorarium} holder=${holder} /></${Group}>
    <${Group} id="instructions" label=${t('Instructions')}>${fields('Task', holder, ['instructions'])}</${Group}>
    <${Group} id="forms" label=${t('Forms')} badge=${count(holder, 'form')}><${Forms} type="Task" holder=${holder} roles=${['response']} /></${Group}>
    <${Group} id="deadline" label=${t('Deadline')} badge=${days && t('%(days)s days', { days })}>${fields('Task', holder, ['deadlineDays'])}</${Group}>
    <${Group} id="verification" label=${t('Verification')} badge=${verification && t(VALUES.VerificationPolicy[verification.get('policy')] ?? '')}>
      <${Verification} holder=${holder} /></${Group}>
    <${Group} id="estimates" label=${t('Estimates')}>${fields('Estimate', estimate, ['repetitions', 'rework'])}
      <${Durations} holder=${estimate} /></${Group}>`;
}

/** Activities or criteria: one sentence each. */
function Sentences({ name, holder, prefix }) {
  const words = useWords();
  return html`<${List} type="Task" name=${name} itemType="run:Item" holder=${holder} titleOf=${(item) => words(item.get('label'))} fresh=${(list) => ({ id: freeId(list, prefix) })}>
    ${(_, place) => html`${fields('Item', place, ['label'])}`}</${List}>`;
}

function EvidenceList({ holder }) {
  const { t } = usePanel();
  const words = useWords();
  const titleOf = (item) => [t(VALUES.EvidenceKind[item.get('kind')] ?? ''), words(item.get('label'))].filter(Boolean).join(': ');
  const fresh = (list) => ({ id: freeId(list, 'evidence'), kind: 'photo' });
  return html`<${List} bare type="Task" name="evidence" itemType="run:Evidence" holder=${holder} titleOf=${titleOf} fresh=${fresh}>
    ${(_, place) => html`${fields('Evidence', place, ['kind', 'label'])}<div class="mp-row">${fields('Evidence', place, ['min', 'max'])}</div>
      ${fields('Evidence', place, ['mandatory', 'criteria', 'field'])}`}</${List}>`;
}

function useChosenItem(place) {
  const { metadata, element, vocabulary } = usePanel();
  return (item) => {
    const unit = vocabulary.itemUnit(item);
    metadata.write(element, place, { item: item || undefined, ...(unit ? { unit } : {}) });
  };
}

function Expenses({ holder }) {
  const { vocabulary } = usePanel();
  const words = useWords();
  const titleOf = (item) => {
    const name = vocabulary.words('item', item.get('item')) || words(item.get('label'));
    const amount = [item.get('quantity')?.get('body'), item.get('quantity') && vocabulary.unit(item.get('unit'))].filter(Boolean).join(' ');
    return [name, amount].filter(Boolean).join(': ');
  };
  const fresh = (list) => ({ id: freeId(list, 'expense'), payer: 'fund' });
  return html`<${List} type="Task" name="expense" itemType="run:Expense" holder=${holder} titleOf=${titleOf} fresh=${fresh}>
    ${(item, place) => html`<${Expense} ...${{ item, place }} />`}</${List}>`;
}

function Expense({ item, place }) {
  const { vocabulary } = usePanel();
  const chosen = useChosenItem(place);
  const elsewhere = item.get('procurement') && item.get('procurement') !== 'local';
  return html`<${SchemaField} type="Expense" name="item" holder=${place} onChange=${chosen} />
    <${SchemaField} type="Expense" name="quantity" holder=${place} unit=${vocabulary.unit(item.get('unit'))} />
    ${fields('Expense', place, ['unit', 'label', 'payer', 'procurement'])}
    ${(elsewhere || item.get('reason')?.length > 0) && fields('Expense', place, ['reason'])}
    ${fields('Expense', place, ['charge', 'inKind'])}`;
}

function Honorarium({ holder }) {
  const { t, metadata, element, vocabulary, readOnly } = usePanel();
  const place = metadata.part(holder, 'honorarium', 'run:Honorarium');
  const there = place.get();
  const chosen = useChosenItem(place);
  const add = () => metadata.write(element, holder, (card) => ({ honorarium: metadata.create('run:Honorarium', { unit: 'DAY' }, card) }));
  const remove = () => metadata.write(element, holder, { honorarium: undefined });
  return html`<section class="mp-list" aria-label=${t('Honorarium')}><h4 class="mp-list__title">${t('Honorarium')}</h4>
    ${there
      ? html`<${SchemaField} type="Honorarium" name="item" holder=${place} onChange=${chosen} />
          <${SchemaField} type="Honorarium" name="quantity" holder=${place} unit=${vocabulary.unit(there.get('unit'))} />
          ${fields('Honorarium', place, ['unit', 'charge'])}
          ${!readOnly && html`<button type="button" class="mp-tool" onClick=${remove}><span class="icon icon-x-lg" aria-hidden="true"></span> ${t('Remove the honorarium')}</button>`}`
      : html`<p class="mp-hint">${t('Nobody is paid for this task.')}</p>
          ${!readOnly && html`<button type="button" class="mp-add" onClick=${add}><span class="icon icon-plus-lg" aria-hidden="true"></span> ${t('Add an honorarium')}</button>`}`}
  </section>`;
}

function Verification({ holder }) {
  const { metadata } = usePanel();
  const place = metadata.part(holder, 'verification', 'run:Verification');
  return html`${fields('Verification', place, ['policy', 'secondCheck', 'gate', 'rework', 'maxRework'])}`;
}

function Durations({ holder }) {
  const { t } = usePanel();
  return html`<fieldset class="mp-durations"><legend class="mp-label">${t('Working days of the task')}</legend>
    <div class="mp-row">${fields('Estimate', holder, ['durationMin', 'durationTypical', 'durationMax'])}</div></fieldset>`;
}

// what is done without a person

export function Repetitions({ holder }) {
  return html`${fields('Estimate', holder, ['repetitions'])}`;
}

export function OperationCard({ holder }) {
  return html`<${SchemaField} type="Operation" name="ref" holder=${holder} /><${SchemaField} type="Operation" name="payload" holder=${holder} feelKind="condition" />
    <${SchemaField} type="Operation" name="result" holder=${holder} />`;
}

export function DecisionCard({ holder }) {
  return html`${fields('Decision', holder, ['ref', 'result'])}`;
}

export function MessageCard({ holder, sends }) {
  return html`<${SchemaField} type="Message" name="key" holder=${holder} />${sends && html`<${SchemaField} type="Message" name="payload" holder=${holder} feelKind="condition" />`}`;
}

export { fields };
