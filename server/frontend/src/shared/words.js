/** The few words that scripts write themselves; everything else arrives translated from the server. */

/** The best language of `table` for a tag such as "fr-BJ"; English when there is none. */
export function languageOf(tag, table) {
  const primary = String(tag ?? '').toLowerCase().split(/[-_]/)[0];
  return Object.hasOwn(table, primary) ? primary : 'en';
}

/** A function that gives the words of `table` in one language, falling back to English, with %(name)s places filled. */
export function speaker(tag, table) {
  const words = table[languageOf(tag, table)];
  return (key, params = {}) => {
    const text = words[key] ?? table.en[key] ?? key;
    return text.replace(/%\((\w+)\)s/g, (place, name) => (Object.hasOwn(params, name) ? String(params[name]) : place));
  };
}
