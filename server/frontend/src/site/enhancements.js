/** Progressive enhancements: every page works without them. */
import { actionFor } from './shortcuts.js';

const SHORTCUTS_OFF = 'run.shortcuts.off';

function shortcutsOff() {
  try {
    return localStorage.getItem(SHORTCUTS_OFF) === 'yes';
  } catch {
    return false;
  }
}

// data-submit-on-change: a choice that is the whole form (language, place)
document.addEventListener('change', ({ target }) => {
  const form = target.closest?.('form[data-submit-on-change]');
  if (form) form.requestSubmit();
  if (target.matches?.('[data-shortcuts-switch]')) {
    try {
      localStorage.setItem(SHORTCUTS_OFF, target.checked ? 'no' : 'yes');
    } catch { /* private mode: the switch holds for this page only */ }
  }
});

// chosen before this script was there: on a slow line people are faster (the forms have autocomplete="off", so that a
// browser that fills in old choices does not count)
for (const form of document.querySelectorAll('form[data-submit-on-change]')) {
  const usual = (select) => Math.max(0, [...select.options].findIndex((option) => option.defaultSelected));
  if ([...form.querySelectorAll('select')].some((select) => select.selectedIndex !== usual(select))) form.requestSubmit();
}

// <input type="range" data-output="id">: its number beside it, as people of this language write it
document.addEventListener('input', ({ target }) => {
  const output = target.matches?.('input[type=range][data-output]') && document.getElementById(target.dataset.output);
  if (output) output.textContent = new Intl.NumberFormat(document.documentElement.lang).format(target.valueAsNumber);
});

// data-print
document.addEventListener('click', ({ target }) => {
  if (target.closest?.('[data-print]')) window.print();
});

// data-key="a": pressing A presses the button, unless the person is typing (WCAG 2.2, 2.1.4: can be switched off)
document.addEventListener('keydown', (event) => {
  const switchBox = document.querySelector('[data-shortcuts-switch]');
  if (switchBox ? !switchBox.checked : shortcutsOff()) return;
  const action = actionFor(event, document);
  if (!action) return;
  event.preventDefault();
  if (action.matches('input:not([type=submit], [type=button]), textarea, select')) action.focus();
  else action.click();
});

// a second press of a submit button sends nothing more
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post' || form.matches('[hx-post], [data-repeatable]')) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  form.querySelectorAll('button:not([type=button])').forEach((button) => button.setAttribute('aria-disabled', 'true'));
});

addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    form.querySelectorAll('[aria-disabled]').forEach((button) => button.removeAttribute('aria-disabled'));
  }
});

// an open menu closes on Escape and when the person goes elsewhere
document.addEventListener('keydown', ({ key, target }) => {
  const menu = key === 'Escape' && target.closest?.('details.run-menu[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});
document.addEventListener('click', ({ target }) => {
  for (const menu of document.querySelectorAll('details.run-menu[open]')) if (!menu.contains(target)) menu.open = false;
});

/** What a new page, or a part that htmx has just put in, needs once. */
function prepare(part) {
  const switchBox = part.querySelector('[data-shortcuts-switch]');
  if (switchBox) switchBox.checked = !shortcutsOff();
  for (const action of part.querySelectorAll('[data-key]')) action.setAttribute('aria-keyshortcuts', action.dataset.key.toUpperCase());
  part.querySelector('.run-errors')?.focus(); // tabindex="-1" in the markup
}

function showPlaceInRail() {
  const current = document.querySelector('.run-rail [aria-current]');
  if (!current) return;
  current.closest('.run-rail').scrollLeft = Math.max(0, current.offsetLeft - 16);
}

function ready() {
  prepare(document);
  showPlaceInRail();
}

if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready);
else ready();
document.addEventListener('htmx:afterSettle', ({ detail }) => prepare(detail.target));
