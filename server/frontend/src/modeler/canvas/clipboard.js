/** A clipboard that other tabs of this site share, so tasks can be taken from one service to another. */

const KEY = 'run.modeler.clipboard';

/** Makes moddle elements of what JSON kept of them; an element that is met twice is one element. */
export function reviver(moddle) {
  const known = new Map();
  return (_, value) => {
    if (!value || typeof value !== 'object' || typeof value.$type !== 'string') return value;
    if (value.id && known.has(value.id)) return known.get(value.id);
    const { $type, ...properties } = value;
    const made = moddle.create($type, properties);
    for (const each of Object.values(properties).flat()) if (each?.$type) each.$parent = made;
    if (value.id) known.set(value.id, made);
    return made;
  };
}

class SharedClipboard {
  static $inject = ['moddle'];

  constructor(moddle) {
    this.moddle = moddle;
    this.own = null;
  }

  set(tree) {
    const text = JSON.stringify(tree);
    this.own = { text, tree };
    try {
      localStorage.setItem(KEY, text);
    } catch {
      // the browser keeps nothing (full, or private): copying works within this tab
    }
  }

  get() {
    const text = this.kept();
    if (!text || text === this.own?.text) return this.own?.tree;
    try {
      return JSON.parse(text, reviver(this.moddle));
    } catch {
      return this.own?.tree;
    }
  }

  kept() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  clear() {
    const tree = this.get();
    this.own = null;
    try {
      localStorage.removeItem(KEY);
    } catch {
      // nothing was kept
    }
    return tree;
  }

  isEmpty() {
    return !this.get();
  }
}

export default { clipboard: ['type', SharedClipboard] };
