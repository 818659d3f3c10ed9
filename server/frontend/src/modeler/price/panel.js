/** The price beside the diagram: three places with their spread, the cost of each task, what has no price yet. */
import { html, render } from 'diagram-js/lib/ui';
import { titleOf } from '../panel/panel.js';
import { nameIn } from '../vocabulary.js';
import { band, heat, HEAT_LEVELS, minutesSince, money, spanOf, trend } from './figures.js';

const TICK = 30_000;

export function pricePanel(container, modeler) {
  const price = modeler.get('runPrice');
  const translate = modeler.get('translate');
  const draw = () => render(html`<${Price} price=${price} t=${translate} language=${price.config.language} />`, container);
  modeler.get('eventBus').on(['runPrice.changed', 'run.vocabulary'], draw);
  const clock = setInterval(() => price.state === 'offline' && draw(), TICK); // the age of what is shown
  modeler.get('eventBus').on('diagram.destroy', () => clearInterval(clock));
  draw();
}

function Price({ price, t, language }) {
  const regions = price.answer?.regions ?? [];
  const problems = price.answer?.problems ?? [];
  return html`<div class="mc" data-state=${price.state}>
    <${State} price=${price} t=${t} />
    <div class="mc-places">
      ${price.regions.map((path, index) => html`<${Place} key=${path} price=${price} index=${index} region=${regions.find((each) => each.path === path)} regions=${regions} t=${t} language=${language} />`)}
      ${price.regions.length < 3 && html`<${More} price=${price} t=${t} language=${language} />`}
    </div>
    ${problems.length > 0 && html`<section class="mc-problems" aria-label=${t('Why the price is not complete')}>
      <ul>${problems.map((problem, index) => html`<li key=${index}><${Link} price=${price} id=${problem.element}>${problem.message}<//></li>`)}</ul></section>`}
    <${Missing} price=${price} regions=${regions} t=${t} />
    <${Tasks} price=${price} regions=${regions.filter((each) => each.expected_minor !== null)} t=${t} language=${language} />
  </div>`;
}

function State({ price, t }) {
  const { state, message, answer, at } = price;
  const minutes = at ? minutesSince(at, Date.now()) : 0;
  let words = '';
  if (state === 'offline') words = answer ? t('The server cannot be reached: prices of %(minutes)s min ago', { minutes }) : t('The server cannot be reached. It is asked again by itself');
  else if (state === 'refused') words = message || t('The price could not be asked. Load the page again');
  else if (!answer) words = t('The price is being worked out…');
  return html`<p class="mc-state" role="status">${words}</p>`;
}

function options(price, language) {
  return (price.config.vocabulary?.known?.regions ?? []).map(({ path, name, names, code, depth }) => ({
    path, words: `${'\u2003'.repeat(Math.max(0, depth ?? 0))}${nameIn(names ?? name, language, code ?? path)}`
  }));
}

function Place({ price, index, region, regions, t, language }) {
  const places = options(price, language);
  const path = price.regions[index];
  const listed = places.some((each) => each.path === path) ? places : [{ path, words: region?.name ?? path }, ...places];
  const isThin = !region || region.expected_minor === null;
  return html`<section class="mc-place" aria-label=${region?.name ?? path}>
    <div class="mc-choose">
      <select class="form-select form-select-sm" aria-label=${t('Place %(number)s', { number: index + 1 })} onChange=${(event) => price.choose(index, event.target.value)}>
        ${listed.map((each) => html`<option key=${each.path} value=${each.path} selected=${each.path === path} disabled=${each.path !== path && price.regions.includes(each.path)}>${each.words}</option>`)}
      </select>
      ${price.regions.length > 1 && html`<button type="button" class="mc-remove" title=${t('Leave out this place')} onClick=${() => price.remove(index)}><span class="icon icon-x-lg" aria-hidden="true"></span><span class="visually-hidden">${t('Leave out this place')}</span></button>`}
    </div>
    ${isThin ? html`<p class="mc-none">${region ? t('No price yet') : '…'}</p>` : html`<${Figures} price=${price} region=${region} regions=${regions} t=${t} language=${language} />`}
  </section>`;
}

function More({ price, t, language }) {
  const places = options(price, language).filter(({ path }) => !price.regions.includes(path));
  if (!places.length) return null;
  return html`<section class="mc-place mc-place--more"><select class="form-select form-select-sm" aria-label=${t('Add a place')} onChange=${(event) => event.target.value && price.add(event.target.value)}>
    <option value="">${t('Add a place')}</option>${places.map((each) => html`<option key=${each.path} value=${each.path}>${each.words}</option>`)}</select></section>`;
}

function Figures({ price, region, regions, t, language }) {
  const write = (minor) => money(minor, region.minor_digits, language);
  const change = trend(region.expected_minor, price.openedAt(region));
  return html`<p class="mc-expected"><b>${write(region.expected_minor)}</b> ${region.currency}
      ${region.partial && html`<span class="mc-partial">${t('without what has no price')}</span>`}</p>
    <p class="mc-trend" data-sign=${change?.sign}>${trendWords(change, write, t)}</p>
    <${Band} region=${region} regions=${regions} write=${write} t=${t} />`;
}

function trendWords(change, write, t) {
  if (!change || change.sign === 'same') return change ? t('As when you opened it') : '\u00a0';
  return change.sign === 'more' ? t('+%(amount)s since you opened it', { amount: write(change.minor) }) : t('−%(amount)s since you opened it', { amount: write(change.minor) });
}

function Band({ region, regions, write, t }) {
  if (region.p50_minor === null) return null;
  const at = band(region, regions);
  const words = t('Half of the villages cost at most %(p50)s, four of five %(p80)s, nineteen of twenty %(p95)s; expected %(expected)s', {
    p50: write(region.p50_minor), p80: write(region.p80_minor), p95: write(region.p95_minor), expected: write(region.expected_minor)
  });
  return html`<svg class="mc-band" role="img" aria-label=${words}>
      <line class="mc-band__axis" x1="0%" x2="100%" y1="11" y2="11" />
      <rect class="mc-band__range" x="${at.from}%" width="${Math.max(0.5, at.to - at.from)}%" y="5" height="12" />
      <line class="mc-band__mark" x1="${at.p80}%" x2="${at.p80}%" y1="2" y2="20" />
      <line class="mc-band__mark mc-band__mark--expected" x1="${at.expected}%" x2="${at.expected}%" y1="0" y2="22" />
    </svg>
    <dl class="mc-spread">${[['P50', region.p50_minor], ['P80', region.p80_minor], ['P95', region.p95_minor]].map(([name, minor]) => html`<div key=${name}><dt>${name}</dt><dd>${write(minor)}</dd></div>`)}</dl>`;
}

function Missing({ price, regions, t }) {
  const lines = sameTogether(regions);
  if (!lines.length) return null;
  return html`<section class="mc-missing" aria-label=${t('Missing prices')}>
    <h2>${t('Missing prices')}</h2>
    <ul>${lines.map((line, index) => html`<li key=${index}><b>${line.places.join(', ')}</b>: ${line.message}${' '}
      <${Link} price=${price} id=${line.element}>${t('Show the task')}<//> ${line.address && html`${' · '}<a href=${line.address} target="_blank" rel="noopener">${t('Price lists')}</a>`}</li>`)}</ul>
  </section>`;
}

/** What is missing, once for all places where it is missing in the same way. */
function sameTogether(regions) {
  const found = new Map();
  for (const region of regions) {
    for (const each of region.missing) {
      const key = `${each.element} ${each.message}`;
      if (!found.has(key)) found.set(key, { ...each, places: [] });
      found.get(key).places.push(region.name);
    }
  }
  return [...found.values()];
}

function Link({ price, id, children }) {
  if (!price.elementRegistry.get(id)) return children;
  return html`<button type="button" class="run-link" onClick=${() => price.select(id)}>${children}</button>`;
}

function Tasks({ price, regions, t, language }) {
  if (!regions.length) return null;
  const ids = [...new Set(regions.flatMap((region) => Object.keys(region.tasks)))].filter((id) => price.elementRegistry.get(id));
  const dearest = (one, other) => (regions[0].tasks[other] ?? 0) - (regions[0].tasks[one] ?? 0);
  const levels = heat(price.shown?.tasks);
  return html`<section class="mc-tasks" aria-label=${t('Cost of each task')}>
    <div class="mc-tasks__head"><h2>${t('Cost of each task')}</h2>
      <label class="form-check"><input class="form-check-input" type="checkbox" checked=${price.isHot} onChange=${(event) => price.toggleHeat(event.target.checked)} /> ${t('Colour the diagram by cost')}</label></div>
    ${price.isHot && html`<${Legend} price=${price} t=${t} language=${language} />`}
    <div class="mc-scroll"><table class="table table-sm"><thead><tr><th scope="col">${t('Task')}</th>${regions.map((region) => html`<th key=${region.path} scope="col" class="mc-number">${region.name}, ${region.currency}</th>`)}</tr></thead>
    <tbody>${ids.sort(dearest).map((id) => html`<tr key=${id} data-task=${id}><th scope="row">
        <span class="mc-chip" data-heat=${price.isHot ? levels.get(id) : undefined} aria-hidden="true"></span>
        <${Link} price=${price} id=${id}>${titleOf(price.elementRegistry.get(id).businessObject, t)}<//></th>
      ${regions.map((region) => html`<td key=${region.path} class="mc-number">${money(region.tasks[id] ?? null, region.minor_digits, language)}</td>`)}</tr>`)}</tbody></table></div>
  </section>`;
}

function Legend({ price, t, language }) {
  const { shown } = price;
  if (!shown) return null;
  const write = (minor) => money(minor, shown.minor_digits, language);
  return html`<ul class="mc-legend" aria-label=${t('Cost in %(place)s, %(currency)s', { place: shown.name, currency: shown.currency })}>
    ${Array.from({ length: HEAT_LEVELS }, (_, index) => index + 1).map((level) => {
      const [from, to] = spanOf(level, shown.tasks);
      return html`<li key=${level}><span class="mc-chip" data-heat=${level} aria-hidden="true"></span> ${write(from)} – ${write(to)}</li>`;
    })}</ul>`;
}
