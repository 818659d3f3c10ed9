/** Somebody else saved the same draft: the choice between both, and nothing lost. */
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { DESCRIPTOR } from '../schema.js';
import { button, made } from '../page/elements.js';

/**
 * Asks in a dialog; resolves with "copy" or "theirs". `theirs()` gives their XML. told: {by, at} of their save.
 */
export function askWhich({ t, language, told, theirs }) {
  const dialog = made('dialog', 'mm-dialog');
  dialog.setAttribute('aria-labelledby', 'conflict-title');
  const at = told.at ? new Date(told.at).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' }) : '';
  const title = made('h2', '', t('Somebody else saved this draft'));
  title.id = 'conflict-title';
  const who = told.by ? t('%(who)s saved it, %(at)s, while you were changing it.', { who: told.by, at }) : t('It was saved elsewhere while you were changing it.');
  const shown = made('div', 'mm-dialog__diagram');
  shown.hidden = true;
  return new Promise((resolve) => {
    const close = (choice) => {
      dialog.close();
      dialog.remove();
      resolve(choice);
    };
    const see = button(t('See theirs'), 'btn btn-outline-secondary', async () => {
      see.disabled = true;
      shown.hidden = false;
      await show(shown, await theirs());
    });
    dialog.append(
      title, made('p', '', who), made('p', 'run-muted', t('Nothing is lost: your changes are kept on this computer until you choose.')), shown,
      made('div', 'run-actions', [
        button(t('Keep mine as a copy'), 'btn btn-primary', () => close('copy')),
        button(t('Take theirs'), 'btn btn-outline-secondary', () => close('theirs')),
        see
      ]),
      made('p', 'run-muted', t('A copy is a new draft with your changes; theirs stays as it is. “Take theirs” drops your changes; you are offered them as a file.'))
    );
    dialog.addEventListener('cancel', (event) => event.preventDefault()); // Escape would leave both undecided
    document.body.append(dialog);
    dialog.showModal();
  });
}

async function show(container, xml) {
  const viewer = new NavigatedViewer({ container, moddleExtensions: { run: DESCRIPTOR } });
  await viewer.importXML(xml);
  viewer.get('canvas').zoom('fit-viewport', 'auto');
}
