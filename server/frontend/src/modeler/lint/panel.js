/** The list of problems beside the diagram: what to fix first, each line leads to its element. */
import { html, render } from 'diagram-js/lib/ui';
import { titleOf } from '../panel/panel.js';
import { counted, isBlocking, worstFirst } from './merge.js';

const ICONS = { fatal: 'x-circle', error: 'x-circle', warning: 'exclamation-triangle', info: 'info-circle' };

export function lintPanel(container, modeler) {
  const runLint = modeler.get('runLint');
  const translate = modeler.get('translate');
  const draw = () => {
    render(html`<${Problems} lint=${runLint} t=${translate} />`, container);
    showCount(container, counted(runLint.problems));
  };
  modeler.get('eventBus').on('runLint.changed', draw);
  draw();
}

function showCount(container, { fix, look }) {
  const count = document.getElementById(container.getAttribute('aria-labelledby'))?.querySelector('.mm-drawer__count');
  if (!count) return;
  count.textContent = fix || look || '';
  count.dataset.severity = fix ? 'fix' : 'look';
}

function Problems({ lint, t }) {
  const counts = counted(lint.problems);
  return html`<div class="ml">
    <div class="ml-head">
      <p class="ml-summary" role="status">${summary(counts, lint, t)}</p>
      <p class="ml-state">${stateWords(lint, t)}</p>
    </div>
    <ul class="ml-list">
      ${worstFirst(lint.problems).map((problem, index) => html`<${Line} key=${`${problem.code} ${problem.element} ${index}`} problem=${problem} lint=${lint} t=${t} />`)}
    </ul>
  </div>`;
}

function summary({ fix, look, know }, lint, t) {
  if (fix) return t('%(count)s to fix before it can be published', { count: fix });
  if (look) return t('Nothing to fix; %(count)s to look at', { count: look });
  if (lint.state !== 'answered') return t('Nothing found so far');
  return know ? t('Nothing to fix; %(count)s to know', { count: know }) : t('Nothing to fix: this can be published');
}

function stateWords({ state, message }, t) {
  return {
    answered: t('Checked by the server'),
    asking: t('Checked here; the server is checking'),
    offline: t('Checked here only: the server cannot be reached. It is asked again by itself'),
    refused: message || t('The server did not check this. Load the page again')
  }[state];
}

function Line({ problem, lint, t }) {
  const element = lint.elementRegistry.get(problem.element);
  const words = { fix: t('To fix'), look: t('To look at'), know: t('To know') };
  const kind = isBlocking(problem) ? 'fix' : problem.severity === 'warning' ? 'look' : 'know';
  return html`<li class="ml-line" data-severity=${kind} data-code=${problem.code} data-element=${problem.element}>
    <button type="button" onClick=${() => lint.select(problem)}>
      <span class="icon icon-${ICONS[problem.severity] ?? 'info-circle'}" aria-hidden="true"></span>
      <span class="visually-hidden">${words[kind]}: </span>
      <span class="ml-message">${problem.message}</span>
      ${element && element.parent && html`<span class="ml-where">${titleOf(element.businessObject, t)}</span>`}
    </button>
  </li>`;
}
