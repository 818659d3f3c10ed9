/** The modeler of services: reads the page's settings, builds the page, opens the diagram. */
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import 'bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css';
import 'diagram-js-minimap/assets/diagram-js-minimap.css';
import './modeler.scss';
import { ModelerPage } from './page/page.js';

const place = document.getElementById('modeler');
const settings = document.getElementById('modeler-config');
if (place && settings) new ModelerPage(place, JSON.parse(settings.textContent)).start();
