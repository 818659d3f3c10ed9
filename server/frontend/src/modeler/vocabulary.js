/** What can be chosen: items of the price catalogue, units, skills, forms, decisions, in the person's language. */

const LISTS = { item: 'items', unit: 'units', skill: 'skills', form: 'forms', decision: 'decisions', operation: 'operations' };

/** The name in the language, or in any other, or the code. */
export function nameIn(names, language, code) {
  if (typeof names === 'string') return names || code;
  return names?.[language] || names?.en || Object.values(names ?? {}).find(Boolean) || code;
}

export class Vocabulary {
  constructor(language, known = {}) {
    this.language = language;
    this.known = known;
    this.made = new Map();
  }

  /** [{value, words, detail}] for a kind of field, or null when nothing can be chosen: then it is typed. */
  options(kind) {
    const listed = this.known[LISTS[kind]];
    if (!LISTS[kind] || !listed?.length) return null;
    if (!this.made.has(kind)) this.made.set(kind, listed.map((each) => this.option(kind, each)));
    return this.made.get(kind);
  }

  option(kind, each) {
    if (typeof each === 'string') return { value: each, words: each, detail: '' };
    const value = each.code ?? each.ref;
    const words = nameIn(each.names ?? each.title ?? each.name, this.language, value);
    const unit = kind === 'item' && each.unit ? this.unit(each.unit) : '';
    return { value, words, detail: [words === value ? '' : value, unit].filter(Boolean).join(' · '), unit: each.unit };
  }

  /** The word for a unit's code. */
  unit(code) {
    return this.options('unit')?.find((option) => option.value === code)?.words ?? code ?? '';
  }

  /** The words for an item's or skill's code. */
  words(kind, code) {
    return this.options(kind)?.find((option) => option.value === code)?.words ?? code ?? '';
  }

  itemUnit(code) {
    return this.options('item')?.find((option) => option.value === code)?.unit;
  }

  get services() {
    return this.known.services ?? [];
  }
}
