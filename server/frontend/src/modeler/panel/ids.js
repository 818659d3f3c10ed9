/** Ids of fields: counted over the whole page, because Preact's useId repeats itself between and within trees. */
import { useState } from 'diagram-js/lib/ui';

let count = 0;

export function useFieldId() {
  const [id] = useState(() => {
    count += 1;
    return `field-${count}`;
  });
  return id;
}
