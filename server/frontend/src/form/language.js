/** Choosing the language a form opens in. */

const ITEXT = 'itext';

/** The tag inside a translation's name: "Français (fr)" -> "fr"; a bare tag or name stays what it is. */
export function tagOf(name) {
  const inBrackets = /\(([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*)\)\s*$/.exec(name);
  return (inBrackets ? inBrackets[1] : name).trim().toLowerCase();
}

/** The name among `names` that speaks `language` best (its primary subtag), or null. */
export function bestName(names, language) {
  const primary = (tag) => tag.split(/[-_]/)[0];
  const wanted = String(language ?? '').toLowerCase();
  if (!wanted) return null;
  return names.find((name) => tagOf(name) === wanted) ?? names.find((name) => primary(tagOf(name)) === primary(wanted)) ?? null;
}

/** The same XForm with the translation of `language`, if it has one, marked as the default (XForms itext, ODK `default`). */
export function openIn(formXml, language) {
  const form = new DOMParser().parseFromString(formXml, 'text/xml');
  if (form.querySelector('parsererror')) return formXml; // the renderer says what is wrong with it
  const translations = [...form.getElementsByTagNameNS('*', ITEXT)].flatMap((itext) => [...itext.children]);
  const best = bestName(translations.map((translation) => translation.getAttribute('lang') ?? ''), language);
  if (best === null) return formXml;
  for (const translation of translations) {
    if (translation.getAttribute('lang') === best) translation.setAttribute('default', 'true()');
    else translation.removeAttribute('default');
  }
  return new XMLSerializer().serializeToString(form);
}
