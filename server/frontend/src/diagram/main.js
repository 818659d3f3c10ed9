/** Draws every `.diagram` of the page with bpmn-js, read only, with the live state of its instance. */
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './diagram.scss';
import { Diagram } from './diagram.js';

for (const place of document.querySelectorAll('.diagram[data-bpmn-url]')) new Diagram(place).start();
