/** bpmn-js with what the product adds to it and takes from it. */
import BpmnModeler from 'bpmn-js/lib/Modeler';
import MinimapModule from 'diagram-js-minimap';
import TokenSimulationModule from 'bpmn-js-token-simulation';
import clipboard from './canvas/clipboard.js';
import menus from './canvas/menus.js';
import names from './canvas/names.js';
import palette from './canvas/palette.js';
import simulation from './canvas/simulation.js';
import metadata from './metadata.js';
import outline from './outline.js';
import panel from './panel/panel.js';
import { DESCRIPTOR } from './schema.js';

const INK = '#1c2420';
const FONT = '"Source Sans 3", "Source Sans 3 fallback", sans-serif';

/** extra: further diagram-js modules. run: what they know of the page (`config.run`). */
export function createModeler({ container, run, extra = [] }) {
  return new BpmnModeler({
    container,
    run,
    moddleExtensions: { run: DESCRIPTOR },
    bpmnRenderer: { defaultStrokeColor: INK, defaultLabelColor: INK },
    textRenderer: { defaultStyle: { fontFamily: FONT, fontSize: '13px' }, externalStyle: { fontFamily: FONT, fontSize: '12px' } },
    minimap: { open: false },
    additionalModules: [
      { translate: ['value', run.translate] }, MinimapModule, TokenSimulationModule, simulation, metadata, names, palette, menus, clipboard, outline, panel, ...extra
    ]
  });
}

/** Nothing can be changed any more: no command is run, no rule allows anything. */
export function lock(modeler) {
  const commandStack = modeler.get('commandStack');
  commandStack.canExecute = () => false;
  commandStack.execute = () => undefined;
  const eventBus = modeler.get('eventBus');
  eventBus.on(['element.dblclick', 'directEditing.activate'], 10_000, () => false);
  modeler.get('contextPad').close();
  modeler.get('contextPad').open = () => undefined;
}
