/** The side pane: server-rendered cards `id="card-<element>"`, of which one is shown, and the outline that leads to them. */
const PREFIX = 'card-';

export class Cards {
  constructor(container, outline) {
    this.cards = new Map([...(container?.querySelectorAll(`[id^="${PREFIX}"]`) ?? [])].map((card) => [card.id.slice(PREFIX.length), card]));
    this.outline = outline;
  }

  get ids() {
    return [...this.cards.keys()];
  }

  has(id) {
    return this.cards.has(id);
  }

  link(id) {
    return this.outline?.querySelector(`a[href="#${CSS.escape(PREFIX + id)}"]`) ?? null;
  }

  show(id, { focus = false } = {}) {
    for (const [other, card] of this.cards) {
      card.hidden = other !== id;
      const link = this.link(other);
      if (other === id) link?.setAttribute('aria-current', 'true');
      else link?.removeAttribute('aria-current');
    }
    if (!focus) return;
    const card = this.cards.get(id);
    card.tabIndex = -1;
    card.focus();
  }

  /** Brings the badge of a line of the outline up to date. */
  tell(id, node) {
    const badge = this.link(id)?.closest('li')?.querySelector('.run-badge');
    const [first] = node.badges;
    if (!badge || !first) return;
    badge.dataset.state = first.state;
    if (badge.textContent !== node.label) badge.textContent = node.label;
  }
}

/** The element named by an address's fragment, or null. */
export function elementOfHash(hash) {
  let name;
  try {
    name = decodeURIComponent(hash.slice(1));
  } catch {
    return null;
  }
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : null;
}
