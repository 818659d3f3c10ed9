/**
 * The metadata that a service holds, read from the one declaration of it: workflows/schema/run.json.
 *
 * What a field is (text in languages, choice, number, list) comes from here; what it is called, from labels.js.
 */
import declaration from '../../../../workflows/schema/run.json';

/** What moddle is given: a copy, because it rewrites the names of types in what it gets. */
export const DESCRIPTOR = structuredClone(declaration);

const TYPES = new Map(declaration.types.map((type) => [type.name, type]));
const ENUMERATIONS = new Map(declaration.enumerations.map(({ name, literalValues }) => [name, literalValues.map((value) => value.name)]));

/** The properties of a type such as "Task", those of its general type first. */
export function propertiesOf(name) {
  const type = TYPES.get(name);
  return type ? [...(type.superClass ?? []).flatMap(propertiesOf), ...type.properties] : [];
}

export function propertyOf(name, property) {
  const found = propertiesOf(name).find((each) => each.name === property);
  if (!found) throw new Error(`run.json has no ${name}.${property}`);
  return found;
}

/**
 * What is entered for a property: texts, list, choice, flag, whole, expression, part, text.
 * "texts" is one text in each language; "part" one element of a type of its own; "whole" a whole number.
 */
export function kindOf(property) {
  const { type, isMany } = property;
  if (type === 'Text' || type === 'RichText') return 'texts';
  if (isMany) return 'list';
  if (ENUMERATIONS.has(type)) return 'choice';
  return { Boolean: 'flag', Integer: 'whole', Expression: 'expression', String: 'text' }[type] ?? 'part';
}

export function valuesOf(enumeration) {
  return ENUMERATIONS.get(enumeration) ?? [];
}

/** The types that may stand in the extensionElements of a BPMN element, such as "Task" on an activity. */
export function extensionsOf(element) {
  return declaration.types.filter(({ meta }) => meta?.allowedIn?.some((type) => element.$instanceOf?.(type))).map(({ name }) => name);
}
