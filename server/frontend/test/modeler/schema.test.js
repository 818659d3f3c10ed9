import { describe, expect, test } from 'vitest';
import { LABELS, VALUES } from '../../src/modeler/panel/labels.js';
import { DESCRIPTOR, kindOf, propertiesOf, propertyOf, valuesOf } from '../../src/modeler/schema.js';

describe('the fields follow run.json', () => {
  const all = DESCRIPTOR.types.flatMap(({ name, properties }) => properties.map((property) => `${name}.${property.name}`));

  test.each(all)('%s has a label or is hidden', (name) => {
    expect(LABELS[name]?.label || LABELS[name]?.hidden).toBeTruthy();
  });

  test('no label is left of a property that is gone', () => {
    expect(Object.keys(LABELS).filter((name) => !all.includes(name))).toEqual([]);
  });

  test('every value of an enumeration has words', () => {
    for (const { name } of DESCRIPTOR.enumerations) expect(Object.keys(VALUES[name]).sort()).toEqual([...valuesOf(name)].sort());
  });

  test.each([
    ['Task', 'title', 'texts'], ['Task', 'evidence', 'list'], ['Task', 'honorarium', 'part'], ['Task', 'deadlineDays', 'whole'],
    ['Evidence', 'kind', 'choice'], ['Evidence', 'mandatory', 'flag'], ['Expense', 'quantity', 'expression'], ['Expense', 'item', 'text']
  ])('%s.%s is entered as %s', (type, name, kind) => {
    expect(kindOf(propertyOf(type, name))).toBe(kind);
  });

  test('a type has the properties of its general type', () => {
    expect(propertiesOf('RichText').map(({ name }) => name)).toEqual(['lang', 'value', 'format']);
  });
});
