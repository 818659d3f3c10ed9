/** A group of fields that opens and closes; which are open is kept for the tab. */
import { html, useState } from 'diagram-js/lib/ui';

const KEY = 'run.modeler.groups';

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export function Group({ id, label, badge, open = false, children }) {
  const [isOpen, setOpen] = useState(kept()[id] ?? open);
  const toggle = (event) => {
    const now = event.currentTarget.open;
    setOpen(now);
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ ...kept(), [id]: now }));
    } catch {
      // not kept: the groups open as they do at first
    }
  };
  return html`<details class="mp-group" data-group=${id} open=${isOpen} onToggle=${toggle}>
    <summary><span class="icon icon-chevron-right" aria-hidden="true"></span><h3>${label}</h3>${badge && html`<span class="mp-badge">${badge}</span>`}</summary>
    <div class="mp-group__body">${isOpen && children}</div>
  </details>`;
}
