/**
 * The words of the modeler, ours and those of bpmn-js: English in the sources, the others from the page.
 *
 * The server puts {English: translated} into the page's settings, from the same catalogues as all other pages.
 * `missing` keeps what was asked for and not found; a test reads it.
 */

/** Marks a text that is translated later, where it is shown. */
export const N_ = (text) => text;

export const missing = new Set();

/** A function that says a text in the person's language, with its %(name)s or {name} places filled. */
export function translator(language, words) {
  return (text, params = {}) => {
    if (language !== 'en' && text && !Object.hasOwn(words, text)) missing.add(text);
    const fill = (place, name) => (Object.hasOwn(params, name) ? String(params[name]) : place);
    return (words[text] || text).replace(/%\((\w+)\)s/g, fill).replace(/{(\w+)}/g, fill);
  };
}
