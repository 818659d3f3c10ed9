/** A list of things (evidence, expenses, criteria): each opens, moves, goes; one is added below. */
import { html, useEffect, useRef, useState } from 'diagram-js/lib/ui';
import { usePanel } from './context.js';
import { LABELS } from './labels.js';

/** An id that none of the list has: prefix and the next number. */
export function freeId(list, prefix) {
  let number = list.length + 1;
  while (list.some((each) => each.get('id') === `${prefix}${number}`)) number += 1;
  return `${prefix}${number}`;
}

/**
 * type, name: the property of run.json. holder: the place of what holds the list. titleOf(item): its line.
 * fresh(list): properties of a new one. children(item, place): its fields.
 */
export function List({ type, name, itemType, holder, titleOf, fresh, children, bare }) {
  const { t, metadata, element, readOnly } = usePanel();
  const { label, add, hint } = LABELS[`${type}.${name}`];
  const items = holder.get()?.get(name) ?? [];
  const [opened, setOpened] = useState(null);
  const place = useRef(null);

  const change = (make) => metadata.write(element, holder, (target) => ({ [name]: make([...(target.get(name) ?? [])], target) }));
  const append = () => {
    change((list, target) => [...list, metadata.create(itemType, fresh(list), target)]);
    setOpened(items.length);
  };
  const remove = (index) => {
    change((list) => list.filter((_, at) => at !== index));
    setOpened(null);
    place.current?.querySelector('.mp-add')?.focus();
  };
  const move = (index, by) => {
    change((list) => {
      const [taken] = list.splice(index, 1);
      list.splice(index + by, 0, taken);
      return list;
    });
    setOpened((at) => (at === index ? index + by : at));
  };
  useEffect(() => {
    if (opened === items.length - 1) place.current?.querySelector(`[data-item="${opened}"] .mp-item__body input, [data-item="${opened}"] .mp-item__body textarea, [data-item="${opened}"] .mp-item__body select`)?.focus();
  }, [items.length]);

  return html`<section class="mp-list ${bare ? 'mp-list--bare' : ''}" ref=${place} aria-label=${t(label)} data-list="${type}.${name}">
    ${!bare && html`<h4 class="mp-list__title">${t(label)}${items.length > 0 && html` <span class="mp-count">${items.length}</span>`}</h4>`}
    ${hint && html`<p class="mp-hint">${t(hint)}</p>`}
    <ul class="mp-items">
      ${items.map((item, index) => html`<${Item} key=${item} ...${{ item, index, count: items.length, readOnly, move, remove }} title=${titleOf(item)}
        open=${opened === index} toggle=${() => setOpened(opened === index ? null : index)}>${opened === index && children(item, metadata.present(item))}</${Item}>`)}
    </ul>
    ${!readOnly && html`<button type="button" class="mp-add" onClick=${append}><span class="icon icon-plus-lg" aria-hidden="true"></span> ${t(add)}</button>`}
  </section>`;
}

function Item({ index, count, title, open, toggle, readOnly, move, remove, children }) {
  const { t } = usePanel();
  const tool = (icon, words, act) => html`<button type="button" class="mp-tool" onClick=${act}><span class="icon icon-${icon}" aria-hidden="true"></span> ${words}</button>`;
  return html`<li class="mp-item ${open ? 'mp-item--open' : ''}" data-item=${index}>
    <button type="button" class="mp-item__title" aria-expanded=${String(open)} onClick=${toggle}>
      <span class="icon icon-chevron-${open ? 'down' : 'right'}" aria-hidden="true"></span><span>${title || t('Not filled in yet')}</span></button>
    ${open && html`<div class="mp-item__body">${children}
      ${!readOnly && html`<div class="mp-item__tools">
        ${index > 0 && tool('arrow-up', t('Up'), () => move(index, -1))}
        ${index < count - 1 && tool('arrow-down', t('Down'), () => move(index, 1))}
        ${tool('x-lg', t('Remove'), () => remove(index))}</div>`}
    </div>`}
  </li>`;
}
