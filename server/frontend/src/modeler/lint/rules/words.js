/**
 * The words that findings put into their sentences: parts of a card, roles of forms, kinds and places of events.
 *
 * Listed here to be found by `make messages`; the server's sentences use the same words and take them from the same
 * catalogues.
 */
import { N_ } from '../../words/translate.js';

export const WORDS = new Set([
  // parts of the cards
  N_('code'), N_('name'), N_('justification'), N_('purpose'), N_('output'), N_('title'), N_('outcome'), N_('instructions'),
  N_('honorarium'), N_('verification'),
  // roles of forms
  N_('request'), N_('response'), N_('evaluation'),
  // kinds of events
  N_('message'), N_('timer'), N_('signal'), N_('error'), N_('escalation'), N_('conditional'), N_('terminate'), N_('cancel'),
  N_('compensate'), N_('link'), N_('multiple'),
  // where events stand
  N_('start of the process'), N_('start of a called process'), N_('start of a sub-process'), N_('start of an event sub-process'),
  N_('end'), N_('end of a transaction'), N_('catching'), N_('throwing'), N_('border'), N_('border of a transaction')
]);

/** The values of a sentence with those that are words in the person's language. */
export function said(params, translate) {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, WORDS.has(value) ? translate(value) : value]));
}
