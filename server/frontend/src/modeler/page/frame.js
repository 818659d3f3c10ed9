/** The panes of the page and, on a phone, the tabs between them. */
import { icon, made } from './elements.js';

const KEY = 'run.modeler.frame';

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function remember(change) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...remembered(), ...change }));
  } catch {
    // not kept: the page opens as it does at first
  }
}

function region(className, label, tag = 'section') {
  const element = made(tag, className);
  element.setAttribute('aria-label', label);
  return element;
}

/** Builds the panes within `place`. panels: which of lintPanel and pricePanel there are. */
export function frame(place, { t, panels }) {
  const tools = region('mm-tools', t('Tools'), 'div');
  tools.setAttribute('role', 'toolbar');
  const banners = made('div', 'mm-banners');
  const outline = region('mm-outline', t('List of elements'), 'nav');
  const canvas = region('mm-canvas', t('Diagram'));
  const properties = region('mm-properties', t('Properties'), 'aside');
  const live = {};
  const drawer = drawerOf(t, panels, live);
  const panes = made('div', 'mm-panes', [outline, made('div', 'mm-middle', [canvas, drawer]), properties]);
  const tabs = phoneTabs(t, place, panels);
  place.classList.add('mm');
  place.dataset.pane = 'diagram';
  place.replaceChildren(tools, banners, panes, tabs.element);
  if (remembered().outline === false) place.classList.add('mm--no-outline');
  return {
    tools, banners, outline, canvas, properties, live,
    showPane: tabs.show,
    note: (name, words, tone) => {
      for (const place of document.querySelectorAll(`[data-note="${name}"]`)) {
        place.textContent = words;
        place.dataset.tone = tone;
      }
    },
    toggleOutline: () => {
      const closed = place.classList.toggle('mm--no-outline');
      remember({ outline: !closed });
      return !closed;
    }
  };
}

/** Where a tab says a number. */
function noteOf(name) {
  const place = made('span', 'mm-note');
  place.dataset.note = name;
  return place;
}

/** Problems and price below the canvas, one at a time. */
function drawerOf(t, panels, live) {
  const kinds = [['lintPanel', t('Problems'), 'check-circle'], ['pricePanel', t('Price'), 'cash-coin']].filter(([name]) => panels[name]);
  if (!kinds.length) return null;
  const drawer = region('mm-drawer', t('Problems and price'));
  const row = made('div', 'mm-drawer__tabs');
  row.setAttribute('role', 'tablist');
  row.setAttribute('aria-label', t('Problems and price'));
  const parts = kinds.map(([name, words, symbol], index) => {
    const tab = made('button', 'mm-drawer__tab', [icon(symbol), made('span', '', words), noteOf(name)]);
    tab.type = 'button';
    tab.id = `tab-${name}`;
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', `panel-${name}`);
    const body = made('div', 'mm-drawer__body');
    body.id = `panel-${name}`;
    body.setAttribute('role', 'tabpanel');
    body.setAttribute('aria-labelledby', tab.id);
    live[name] = body;
    tab.addEventListener('click', () => choose(index, true));
    return { name, tab, body };
  });
  const choose = (chosen, byPerson) => {
    const again = byPerson && parts[chosen].tab.getAttribute('aria-selected') === 'true' && !drawer.classList.contains('mm-drawer--closed');
    drawer.classList.toggle('mm-drawer--closed', again);
    parts.forEach(({ tab, body }, index) => {
      tab.setAttribute('aria-selected', String(index === chosen));
      tab.tabIndex = index === chosen ? 0 : -1;
      body.hidden = index !== chosen || again;
    });
    if (byPerson) remember({ drawer: again ? 'closed' : parts[chosen].name });
  };
  row.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    const at = parts.findIndex(({ tab }) => tab === document.activeElement);
    const next = (at + (event.key === 'ArrowRight' ? 1 : parts.length - 1)) % parts.length;
    choose(next, false);
    parts[next].tab.focus();
  });
  row.append(...parts.map(({ tab }) => tab));
  drawer.append(row, ...parts.map(({ body }) => body));
  const before = remembered().drawer;
  choose(Math.max(0, parts.findIndex(({ name }) => name === before)), false);
  if (before === 'closed') {
    drawer.classList.add('mm-drawer--closed');
    parts.forEach(({ body }) => { body.hidden = true; });
  }
  drawer.show = (name) => choose(parts.findIndex((part) => part.name === name), false);
  return drawer;
}

/** On a phone one pane fills the page; these tabs choose it. */
function phoneTabs(t, place, panels) {
  const kinds = [['outline', t('List'), 'list-ul'], ['diagram', t('Diagram'), 'diagram-3'], ['properties', t('Properties'), 'card-checklist']];
  if (panels.lintPanel) kinds.push(['lintPanel', t('Problems'), 'check-circle']);
  if (panels.pricePanel) kinds.push(['pricePanel', t('Price'), 'cash-coin']);
  const element = made('nav', 'mm-phone');
  element.setAttribute('aria-label', t('Parts of the page'));
  const show = (name) => {
    const below = name === 'lintPanel' || name === 'pricePanel';
    place.dataset.pane = below ? 'live' : name;
    if (below) document.querySelector('.mm-drawer').show(name);
    for (const each of element.children) each.setAttribute('aria-pressed', String(each.dataset.pane === name));
  };
  for (const [name, words, symbol] of kinds) {
    const tab = made('button', '', [icon(symbol), made('span', '', words), name === 'lintPanel' && noteOf(name)]);
    tab.type = 'button';
    tab.dataset.pane = name;
    tab.addEventListener('click', () => show(name));
    tab.setAttribute('aria-pressed', String(name === 'diagram'));
    element.append(tab);
  }
  return { element, show };
}
