/** Texts in several languages: reading one, replacing one, counting those that are there. */
import { kindOf, propertiesOf } from './schema.js';

/** The text of a language in a list of run:Text; "" when there is none. */
export function textIn(list, language) {
  return (list ?? []).find((text) => text.get('lang') === language)?.get('value') ?? '';
}

/** The text in the first of the languages that has one. */
export function firstText(list, languages) {
  for (const language of languages) {
    const text = textIn(list, language).trim();
    if (text) return text;
  }
  return (list ?? []).map((text) => text.get('value')).find((text) => text?.trim()) ?? '';
}

/**
 * The list with the text of one language replaced, added or (when it is blank) taken out.
 * `make(lang, value)` makes a text; the others are the same objects, so a command can be undone.
 */
export function withText(list, language, value, make) {
  const kept = [...(list ?? [])];
  const at = kept.findIndex((text) => text.get('lang') === language);
  if (!value.trim()) return at < 0 ? kept : kept.filter((_, index) => index !== at);
  const made = make(language, value);
  return at < 0 ? [...kept, made] : kept.map((text, index) => (index === at ? made : text));
}

/** Calls `visit(list, holder, property)` for every text of a run: element and of what is in it. */
export function eachText(extension, visit) {
  if (!extension) return;
  for (const property of propertiesOf(extension.$type.split(':')[1])) {
    const kind = kindOf(property);
    const value = extension.get(property.name);
    if (kind === 'texts') visit(value ?? [], extension, property);
    else if (kind === 'list') (value ?? []).forEach((each) => eachText(each, visit));
    else if (kind === 'part' && value) eachText(value, visit);
  }
}

/** What an element is called in a language: BPMN's own name in the language of the service, else its translation. */
export function nameIn(owner, language, source) {
  if (language === source) return (owner.get('name') ?? '').trim();
  const label = (owner.extensionElements?.get('values') ?? []).find((each) => each.$type === 'run:Label');
  return textIn(label?.get('name'), language).trim();
}

/**
 * How many texts there are in each language, of those that are written in any: {total, counts: {fr: 12}}.
 * `named`: elements whose names count too, written in the language `source`.
 */
export function completeness(extensions, languages, named = [], source = '') {
  const counts = Object.fromEntries(languages.map((language) => [language, 0]));
  let total = 0;
  for (const extension of extensions.filter((each) => each.$type !== 'run:Label')) {
    eachText(extension, (list) => {
      if (!list.some((text) => text.get('value')?.trim())) return;
      total += 1;
      for (const language of languages) if (textIn(list, language).trim()) counts[language] += 1;
    });
  }
  for (const owner of named) {
    total += 1;
    for (const language of languages) if (nameIn(owner, language, source)) counts[language] += 1;
  }
  return { total, counts };
}
