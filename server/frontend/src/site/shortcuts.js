const TYPING = 'input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select, [contenteditable]';

/**
 * The element a key press stands for, or null.
 *
 * Keys are single characters in `data-key`; nothing happens with a modifier, during text composition, while the
 * person types in a field, or on an action that is hidden or disabled.
 */
export function actionFor(event, root) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented || event.repeat) return null;
  if (event.key?.length !== 1 || event.target?.closest?.(TYPING)) return null;
  const wanted = event.key.toLowerCase();
  for (const action of root.querySelectorAll('[data-key]')) {
    if (action.dataset.key.toLowerCase() !== wanted) continue;
    if (action.disabled || action.getAttribute('aria-disabled') === 'true' || action.closest('[hidden]')) continue;
    return action;
  }
  return null;
}
