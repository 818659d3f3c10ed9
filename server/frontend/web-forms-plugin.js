import { resolve } from 'node:path';

/**
 * Four changes to ODK Web Forms 0.22 while it is bundled: its English texts go through `chrome` (src/form/chrome.js), its
 * reset of the whole page (`body { all: revert }`) is kept inside `.run-form`, geopoints are drawn without a map, and the 870 kB of fonts in its stylesheet are
 * left out, since the page has its own. Each change fails the build when it no longer fits: an upgrade cannot lose it silently.
 */
const chrome = (text) => `runChrome(${JSON.stringify(text)})`;
const quoted = (text) => [JSON.stringify(text), chrome(text)];
const label = (text) => [`label: "${text}"`, `label: ${chrome(text)}`];

export const REPLACEMENTS = [
  label('Send'),
  label('Remove'),
  ['label: "Cancel",\n            onClick', `label: ${chrome('Cancel')},\n            onClick`],
  label('Save location'),
  label('Change language'),
  quoted('change language'),
  quoted('Condition not satisfied: required'),
  quoted('Condition not satisfied: constraint'),
  quoted('1 question with error.'),
  ['`${QA} questions with errors.`', 'runChrome("%(count)s questions with errors.", { count: QA })'],
  quoted('Get location'),
  quoted('Finding your location'),
  quoted('Good accuracy'),
  quoted('Poor accuracy'),
  quoted('Unknown accuracy'),
  quoted('Accuracy: '),
  quoted('Latitude: '),
  quoted('Longitude: '),
  ['" Location will be saved at "', `" " + ${chrome('Location will be saved at')} + " "`],
  ['" Previous saved location at "', `" " + ${chrome('Previous saved location at')} + " "`],
  quoted('Time taken to capture location: '),
  quoted('Try again'),
  quoted('Cannot access location'),
  quoted('Grant location permission in the browser settings and make sure location is turned on.'),
  quoted('Location unavailable. Enable GPS and browser permissions, then restart the form to try again.'),
  quoted('Rank items'),
  quoted('Take picture'),
  quoted('Choose image'),
  quoted('Captured image preview'),
  quoted('Repeat Item'),
  ['createTextVNode(" Add ", -1)', `createTextVNode(" " + ${chrome('Add')} + " ", -1)`],
  quoted('An error occurred while loading this form'),
  quoted('Technical error details'),
  quoted('Powered by')
];

// a map would ask OpenStreetMap for tiles, which the CSP refuses: a place is always the phone's, also while correcting
export const MAPS = [
  ['unref(tA) || eA.node.appearances["placement-map"] || eA.node.appearances.maps ? ', 'false ? ']
];

// a nested rule under :where weighs no more than it did alone
export const SCOPE = [
  ['const resetStyles = `*,', 'const resetStyles = `:where(.run-form) {\n*,'],
  ['`, webFormsPlugin = {', '}\n`, webFormsPlugin = {']
];

export function adapt(code) {
  const lost = [];
  for (const [from, to] of [...REPLACEMENTS, ...MAPS, ...SCOPE]) {
    if (!code.includes(from)) lost.push(from);
    code = code.replaceAll(from, () => to);
  }
  if (lost.length) throw new Error(`ODK Web Forms no longer has these texts; see web-forms-plugin.js: ${lost.join(' | ')}`);
  return code;
}

export function withoutFonts(code) {
  const lighter = code.replace(/@font-face\s*\{[^{}]*\}/g, (rule) => (/url\(["']?data:font/.test(rule) ? '' : rule));
  if (code.length - lighter.length < 500_000) throw new Error('ODK Web Forms no longer carries its fonts; see web-forms-plugin.js.');
  return lighter;
}

export function webForms(folder) {
  const chromeModule = resolve(folder, 'src/form/chrome.js');
  const inPackage = (id, name) => id.replaceAll('\\', '/').match(`/node_modules/@getodk/web-forms/dist/${name}$`);
  return {
    name: 'run:web-forms',
    transform(code, id) {
      if (inPackage(id, 'index\\.js')) return { code: withoutFonts(code), map: null };
      if (inPackage(id, 'index-[\\w-]+\\.js')) {
        return { code: `import { chrome as runChrome } from ${JSON.stringify(chromeModule)};\n${adapt(code)}`, map: null };
      }
      return null;
    }
  };
}
