/** The tools above the canvas. */
import { flushDrafts } from '../panel/draft.js';
import { icon, iconButton, made } from './elements.js';

export function toolbar(place, page) {
  const { modeler, t } = page;
  const eventBus = modeler.get('eventBus');
  const stack = modeler.get('commandStack');
  const zoom = modeler.get('zoomScroll');

  const list = iconButton('list-ul', t('List of elements'), () => list.setAttribute('aria-pressed', String(page.frame.toggleOutline())));
  list.setAttribute('aria-pressed', String(!page.place.classList.contains('mm--no-outline')));
  list.classList.add('mm-tool--list');
  const undo = iconButton('arrow-counterclockwise', t('Undo'), () => act(() => stack.undo()));
  const redo = iconButton('arrow-clockwise', t('Redo'), () => act(() => stack.redo()));
  const act = (change) => {
    flushDrafts();
    change();
  };
  const refresh = () => {
    undo.disabled = !stack.canUndo();
    redo.disabled = !stack.canRedo();
  };
  eventBus.on('commandStack.changed', refresh);
  refresh();

  const simulate = iconButton('play-circle', t('Try it out with tokens'), () => modeler.get('toggleMode').toggleMode());
  simulate.setAttribute('aria-pressed', 'false');
  eventBus.on('tokenSimulation.toggleMode', ({ active }) => {
    simulate.setAttribute('aria-pressed', String(active));
    page.place.classList.toggle('mm--simulating', active);
    if (!active) return;
    modeler.get('selection').select([]);
  });
  const minimap = iconButton('map', t('Overview map'), () => modeler.get('minimap').toggle());
  minimap.setAttribute('aria-pressed', 'false');
  eventBus.on('minimap.toggle', ({ open }) => minimap.setAttribute('aria-pressed', String(open)));

  place.append(
    group(list), group(undo, redo),
    group(
      iconButton('zoom-out', t('Smaller'), () => zoom.stepZoom(-1)), iconButton('zoom-in', t('Larger'), () => zoom.stepZoom(1)),
      iconButton('fullscreen', t('Show all'), () => page.fit())
    ),
    group(iconButton('search', t('Find (Ctrl+F)'), () => modeler.get('searchPad').toggle()), minimap, simulate),
    files(page)
  );
}

function group(...tools) {
  return made('div', 'mm-tools__group', tools);
}

/** Import and export. */
function files(page) {
  const { t, settings } = page;
  const menu = made('details', 'run-menu mm-files');
  const summary = made('summary', '', [icon('download'), ' ', made('span', '', t('File'))]);
  const input = made('input', 'visually-hidden');
  input.type = 'file';
  input.accept = '.bpmn,.xml,application/xml';
  input.tabIndex = -1;
  input.setAttribute('aria-label', t('BPMN file'));
  input.addEventListener('change', () => input.files[0] && page.takeFile(input.files[0]));
  const line = (words, act) => {
    const entry = made('button', 'run-link', words);
    entry.type = 'button';
    entry.addEventListener('click', () => {
      menu.open = false;
      act();
    });
    return made('p', '', [entry]);
  };
  const handbook = made('a', 'run-link', t('Handbook (PDF)'));
  handbook.href = settings.addresses.handbook ?? '#';
  menu.append(summary, made('div', '', [
    line(t('Download BPMN'), () => page.export('bpmn')), line(t('Download picture (SVG)'), () => page.export('svg')),
    line(t('Download picture (PNG)'), () => page.export('png')), settings.addresses.handbook && made('p', '', [handbook]),
    line(t('New draft from a BPMN file…'), () => input.click())
  ]), input);
  return menu;
}
