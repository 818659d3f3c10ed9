/**
 * What is executed and what can only be drawn (docs/reference/bpmn.md), for the palette and the menus.
 *
 * Names are those of bpmn-js's own entries, whose words and symbols we keep.
 */
import { PopupEntries } from 'bpmn-js/lib/features/popup-menu/PopupEntries';
import { N_ } from '../words/translate.js';

export const DRAWN_ONLY = new Set([
  'task', 'complex-gateway', 'data-store-reference', 'collapsed-pool', 'compensation-start', 'compensation-intermediate-throw',
  'compensation-boundary', 'compensation-end', 'link-intermediate-catch', 'link-intermediate-throw'
]);

/** The groups of the "more" menu. A boundary event is put on the border of an activity. */
export const MORE = [
  ['tasks', N_('Tasks'), ['user-task', 'manual-task', 'service-task', 'rule-task', 'script-task', 'send-task', 'receive-task', 'call-activity']],
  ['sub-processes', N_('Sub-processes'), ['expanded-subprocess', 'event-subprocess', 'transaction', 'expanded-ad-hoc-subprocess', 'collapsed-subprocess']],
  ['gateways', N_('Gateways'), ['exclusive-gateway', 'inclusive-gateway', 'parallel-gateway', 'event-based-gateway']],
  ['start', N_('Start events'), ['none-start-event', 'message-start', 'timer-start', 'conditional-start', 'signal-start']],
  ['intermediate', N_('Waiting and sending on the way'), [
    'timer-intermediate-catch', 'message-intermediate-catch', 'signal-intermediate-catch', 'conditional-intermediate-catch',
    'message-intermediate-throw', 'signal-intermediate-throw', 'escalation-intermediate-throw', 'none-intermediate-throwing']],
  ['boundary', N_('On the border of an activity'), [
    'timer-boundary', 'non-interrupting-timer-boundary', 'message-boundary', 'non-interrupting-message-boundary', 'signal-boundary',
    'conditional-boundary', 'error-boundary', 'escalation-boundary', 'cancel-boundary']],
  ['end', N_('End events'), ['none-end-event', 'message-end', 'signal-end', 'error-end', 'escalation-end', 'terminate-end', 'cancel-end']],
  ['data', N_('Data and pools'), ['data-object-reference', 'expanded-pool']],
  ['drawn', N_('Drawn only, not executed'), [...DRAWN_ONLY]]
];

export function entryOf(name) {
  return PopupEntries[name];
}

/** Whether an entry of bpmn-js's replace menu makes something that is drawn only. */
export function isDrawnOnly(action) {
  return DRAWN_ONLY.has(action.replace(/^replace-with-/, ''));
}
