/**
 * Names for the answers' fields. ODK Web Forms 0.22 writes <label for="node:…">, but the date and number fields that
 * PrimeVue draws have other ids, so a screen reader would say "edit text" and nothing else (WCAG 2.2, 1.3.1 and 4.1.2).
 */
const FIELDS = 'input:not([type=radio], [type=checkbox], [type=file]), textarea';

export function nameFields(form) {
  for (const label of form.querySelectorAll('.question-container label[for]')) {
    const id = label.getAttribute('for');
    if (form.ownerDocument.getElementById(id)?.matches('input, textarea, select')) continue;
    for (const field of label.closest('.question-container').querySelectorAll(FIELDS)) {
      if (field.hasAttribute('aria-labelledby') || field.hasAttribute('aria-label')) continue;
      label.id ||= `${id}-label`;
      field.setAttribute('aria-labelledby', label.id);
    }
  }
}

/** Now, and whenever a question appears. */
export function keepFieldsNamed(form) {
  nameFields(form);
  new MutationObserver(() => nameFields(form)).observe(form, { childList: true, subtree: true });
}
