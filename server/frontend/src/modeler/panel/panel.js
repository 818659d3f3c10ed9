/**
 * The panel beside the canvas: everything an element says, in groups, in one language at a time.
 *
 * Own components instead of @bpmn-io/properties-panel: see docs/adr/0016.
 */
import { is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { html, render } from 'diagram-js/lib/ui';
import { sourceLanguage } from '../canvas/names.js';
import { extensionOf, isNamed, ownerOf } from '../metadata.js';
import { completeness, nameIn } from '../texts.js';
import { N_ } from '../words/translate.js';
import { DecisionCard, OperationCard, ServiceCard, TaskCard, fields } from './cards.js';
import { PanelProvider, usePanel } from './context.js';
import { flushDrafts } from './draft.js';
import { Group } from './group.js';
import { AdHocCard, CallCard, EventCard, FlowCard, GatewayCard, IdField, NameField, RepetitionCard, ScriptCard, SendReceiveCard } from './process.js';

const PERSONS = ['bpmn:UserTask', 'bpmn:ManualTask'];
const isPersons = (owner) => owner.$type === 'bpmn:Task' || isAny(owner, PERSONS);

export class Panel {
  static $inject = ['eventBus', 'selection', 'canvas', 'elementRegistry', 'modeling', 'moddle', 'runMetadata', 'translate', 'injector', 'config.run'];

  constructor(eventBus, selection, canvas, elementRegistry, modeling, moddle, runMetadata, translate, injector, config) {
    Object.assign(this, { eventBus, selection, canvas, elementRegistry, modeling, moddle, metadata: runMetadata, translate, injector, config });
    this.language = null;
    this.problem = null;
    this.container = null;
    const draw = () => this.draw();
    eventBus.on(['selection.changed', 'root.set'], 2000, () => {
      flushDrafts();
      this.problem = null;
      this.draw();
    });
    eventBus.on(['elements.changed', 'commandStack.changed', 'import.done', 'runLint.changed', 'run.vocabulary'], draw);
  }

  attachTo(container) {
    this.container = container;
    this.draw();
  }

  /** The element that is shown: the one selected, else the process. */
  element() {
    const selected = this.selection.get();
    if (selected.length === 1) return selected[0].labelTarget ?? selected[0];
    if (selected.length) return null;
    const root = this.canvas.getRootElement();
    if (!root?.businessObject) return undefined;
    if (!is(root, 'bpmn:Collaboration')) return root;
    const pools = (root.children ?? []).filter((child) => is(child, 'bpmn:Participant') && child.businessObject.processRef);
    return pools.find((pool) => extensionOf(ownerOf(pool), 'run:Service')) ?? pools[0] ?? root;
  }

  draw() {
    if (this.container && !this.drawing) {
      this.drawing = true;
      queueMicrotask(() => {
        this.drawing = false;
        render(html`<${PanelRoot} panel=${this} />`, this.container);
      });
    }
  }

  speak(language) {
    flushDrafts();
    this.language = language;
    this.eventBus.fire('run.language', { language });
    this.draw();
  }

  /** The processes' parameters at their usual values: what formulas are tried with. */
  parameters(process) {
    const found = extensionOf(process, 'run:Service')?.get('parameter') ?? [];
    return Object.fromEntries(found.filter((each) => each.get('id') && each.get('default')).map((each) => [each.get('id'), Number(each.get('default'))]));
  }

  context(element) {
    const owner = ownerOf(element);
    const source = sourceLanguage(this.canvas, this.config.language);
    const names = new Intl.DisplayNames([this.config.language], { type: 'language' });
    return {
      t: this.translate,
      element, owner, source,
      languages: this.config.languages,
      language: this.language ?? source,
      languageName: (code) => names.of(code),
      metadata: this.metadata,
      modeling: this.modeling,
      moddle: this.moddle,
      vocabulary: this.config.vocabulary,
      addresses: this.config.addresses,
      readOnly: this.config.readOnly,
      feel: this.config.feel,
      parameters: this.parameters(processOf(owner)),
      extension: (type) => extensionOf(owner, type),
      select: (id) => this.select(id),
      refuse: (words) => {
        this.problem = words;
        this.draw();
      }
    };
  }

  select(id) {
    const element = this.elementRegistry.get(id);
    if (!element) return;
    this.selection.select(element);
    this.canvas.scrollToElement(element, 60);
  }

  /** Everything on the canvas that may say something, once each. */
  owners() {
    return [...new Set(this.elementRegistry.filter((element) => element.businessObject).map(ownerOf))];
  }

  problemsOf(element) {
    return this.injector.get('runLint', false)?.problemsOf?.(element.id) ?? [];
  }
}

function processOf(owner) {
  let at = owner;
  while (at && at.$type !== 'bpmn:Process') at = at.$parent;
  return at;
}

function PanelRoot({ panel }) {
  const element = panel.element();
  const t = panel.translate;
  if (element === undefined) return html`<p class="mp-empty">${t('The diagram is being loaded…')}</p>`;
  if (element === null) return html`<p class="mp-empty">${t('Several elements are selected. Select one to see what it says.')}</p>`;
  const context = panel.context(element);
  return html`<${PanelProvider} value=${context}>
    <div class="mp mp--card" key=${element.id}>
      <header class="mp-head"><p class="mp-kind">${t(kindWords(context.owner))}</p>
        <h2 lang=${languageOf(context.owner, panel)}>${titleOf(context.owner, t)}</h2>
        <${Languages} panel=${panel} context=${context} /></header>
      ${panel.problem && html`<p class="mp-error mp-error--panel" role="alert">${panel.problem}</p>`}
      <div class="mp-scroll"><${Cards} context=${context} /></div>
      <${Findings} problems=${panel.problemsOf(element)} t=${t} />
    </div>
  </${PanelProvider}>`;
}

/** What lint says of this very element: below, so that the fields stay where they are when it comes and goes. */
function Findings({ problems, t }) {
  if (!problems.length) return null;
  return html`<ul class="mp-findings" tabindex="0" aria-label=${t('Problems')}>${problems.map(({ severity, message }) => html`<li data-severity=${severity}>
    <span class="icon icon-${severity === 'error' ? 'x-circle' : 'exclamation-triangle'}" aria-hidden="true"></span> ${message}</li>`)}</ul>`;
}

function ownExtensions(owner) {
  return owner.extensionElements?.get('values')?.filter(({ $type }) => $type.startsWith('run:')) ?? [];
}

/** One language at a time; each says how many texts it has, of the element, or of the whole service. */
function Languages({ panel, context }) {
  const { t, owner, languages, language, source } = context;
  const whole = is(owner, 'bpmn:Process');
  if (!whole && !isPersons(owner) && !isNamed(owner)) return null;
  const owners = whole ? panel.owners() : [owner];
  // of the whole service count the names that somebody has begun to translate, as on the server
  const begun = (each) => !whole || languages.some((code) => code !== source && nameIn(each, code, source));
  const named = owners.filter((each) => isNamed(each) && nameIn(each, source, source) && begun(each));
  const { total, counts } = completeness(owners.flatMap(ownExtensions), languages, named, source);
  return html`<div class="mp-languages" role="group" aria-label=${t('Language of the texts')}>
    ${languages.map((code) => html`<button type="button" key=${code} aria-pressed=${String(code === language)} onClick=${() => panel.speak(code)}
      title=${t('%(language)s: %(count)s of %(total)s texts', { language: context.languageName(code), count: counts[code], total })}>
      <span lang=${code}>${code.toUpperCase()}</span> <span class="mp-languages__count" data-whole=${String(counts[code] === total)}>${counts[code]}/${total}</span></button>`)}
  </div>`;
}

function Cards({ context }) {
  const { owner, metadata, t } = context;
  const place = (type) => metadata.extension(owner, type);
  const identity = html`<${Group} id="id" label=${t('Identity')}>${!isPersons(owner) && !is(owner, 'bpmn:Event') && !is(owner, 'bpmn:Gateway') && !is(owner, 'bpmn:SequenceFlow') && !is(owner, 'bpmn:Process') && html`<${NameField} />`}<${IdField} /></${Group}>`;
  return html`${ownCard(owner, place)}
    ${is(owner, 'bpmn:Activity') && html`<${RepetitionCard} estimate=${place('run:Estimate')} withEstimate=${!isPersons(owner)} />`}
    ${owner.$type !== 'bpmn:Collaboration' && identity}`;
}

/** The groups of one kind of element. */
function ownCard(owner, place) {
  if (is(owner, 'bpmn:Process')) return html`<${ServiceCard} holder=${place('run:Service')} />`;
  if (isPersons(owner)) return html`<${TaskCard} holder=${place('run:Task')} estimate=${place('run:Estimate')} />`;
  if (is(owner, 'bpmn:SequenceFlow')) return html`<${FlowCard} holder=${place('run:Estimate')} />`;
  if (is(owner, 'bpmn:Gateway')) return html`<${GatewayCard} />`;
  if (is(owner, 'bpmn:BoundaryEvent')) return html`<${EventCard} message=${place('run:Message')} /><${BoundaryEstimate} holder=${place('run:Estimate')} />`;
  if (is(owner, 'bpmn:Event')) return html`<${EventCard} message=${place('run:Message')} />`;
  if (is(owner, 'bpmn:ServiceTask')) return html`<${OwnGroup} id="operation" kind="operation"><${OperationCard} holder=${place('run:Operation')} /></${OwnGroup}>`;
  if (is(owner, 'bpmn:BusinessRuleTask')) return html`<${OwnGroup} id="decision" kind="decision"><${DecisionCard} holder=${place('run:Decision')} /></${OwnGroup}>`;
  if (isAny(owner, ['bpmn:SendTask', 'bpmn:ReceiveTask'])) return html`<${SendReceiveCard} message=${place('run:Message')} />`;
  if (is(owner, 'bpmn:ScriptTask')) return html`<${ScriptCard} />`;
  if (is(owner, 'bpmn:CallActivity')) return html`<${CallCard} />`;
  if (is(owner, 'bpmn:AdHocSubProcess')) return html`<${AdHocCard} />`;
  return null;
}

function OwnGroup({ id, kind, children }) {
  const { t } = usePanel();
  return html`<${Group} id=${id} label=${kind === 'operation' ? t('Operation') : t('Decision')} open>${children}</${Group}>`;
}

function BoundaryEstimate({ holder }) {
  const { t } = usePanel();
  return html`<${Group} id="boundary-estimate" label=${t('Estimates')}>${fields('Estimate', holder, ['probability'])}</${Group}>`;
}

const KINDS = {
  'bpmn:Process': N_('Service'), 'bpmn:Participant': N_('Pool'), 'bpmn:Collaboration': N_('Diagram'), 'bpmn:Lane': N_('Lane'),
  'bpmn:Task': N_('Task'), 'bpmn:UserTask': N_('Task of a person'), 'bpmn:ManualTask': N_('Manual task'), 'bpmn:ServiceTask': N_('Service task'),
  'bpmn:BusinessRuleTask': N_('Business rule task'), 'bpmn:ScriptTask': N_('Script task'), 'bpmn:SendTask': N_('Send task'), 'bpmn:ReceiveTask': N_('Receive task'),
  'bpmn:CallActivity': N_('Call activity'), 'bpmn:SubProcess': N_('Sub-process'), 'bpmn:Transaction': N_('Transaction'), 'bpmn:AdHocSubProcess': N_('Ad hoc sub-process'),
  'bpmn:StartEvent': N_('Start event'), 'bpmn:EndEvent': N_('End event'), 'bpmn:IntermediateCatchEvent': N_('Intermediate event, waiting'),
  'bpmn:IntermediateThrowEvent': N_('Intermediate event, sending'), 'bpmn:BoundaryEvent': N_('Boundary event'),
  'bpmn:ExclusiveGateway': N_('Exclusive gateway'), 'bpmn:InclusiveGateway': N_('Inclusive gateway'), 'bpmn:ParallelGateway': N_('Parallel gateway'),
  'bpmn:EventBasedGateway': N_('Event-based gateway'), 'bpmn:ComplexGateway': N_('Complex gateway'), 'bpmn:SequenceFlow': N_('Sequence flow'),
  'bpmn:MessageFlow': N_('Message flow'), 'bpmn:DataObjectReference': N_('Data object'), 'bpmn:DataStoreReference': N_('Data store'),
  'bpmn:TextAnnotation': N_('Note'), 'bpmn:Group': N_('Group'), 'bpmn:Association': N_('Association')
};

export function kindWords(owner) {
  return KINDS[owner.$type] ?? N_('Element');
}

export function titleOf(owner, t) {
  const name = owner.get?.('name') || owner.get?.('text');
  if (name) return name;
  if (is(owner, 'bpmn:SequenceFlow')) return t('to %(name)s', { name: owner.get('targetRef')?.get('name') || owner.get('targetRef')?.id || '' });
  return t('Without a name');
}

/** The language of `titleOf`, null for the page's: names are written in the language of the service. */
export function languageOf(owner, { canvas, config }) {
  return owner.get?.('name') || owner.get?.('text') ? sourceLanguage(canvas, config.language) : null;
}

export default { __init__: ['runPanel'], runPanel: ['type', Panel] };
