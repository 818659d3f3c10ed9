/** Keys that work wherever the focus is on the page, except while text is written. */

const WRITING = 'input, textarea, select, [contenteditable="true"]';

export function bindKeys(page) {
  addEventListener('keydown', (event) => {
    const control = event.ctrlKey || event.metaKey;
    if (!control || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === 's') {
      event.preventDefault();
      page.saveNow();
      return;
    }
    const inCanvas = event.target.closest?.('.djs-container');
    if (event.target.closest?.(WRITING) || inCanvas || document.querySelector('dialog[open]')) return;
    const action = { f: 'find', z: event.shiftKey ? 'redo' : 'undo', y: 'redo', c: 'copy', v: 'paste' }[key];
    if (!action) return;
    if (key === 'c' && String(getSelection())) return;
    event.preventDefault();
    page.modeler.get('editorActions').trigger(action);
  });
}
