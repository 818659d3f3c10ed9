/**
 * Texts that bpmn-js and its plugins ask for: they are in our own catalogues, since theirs are not complete.
 *
 * Found by a session in French (tests/browser/test_modeler.py keeps watch: a text that is asked for and is not in
 * the catalogue fails it).
 */
import { N_ } from './translate.js';

/** bpmn-js and diagram-js: pad, menus, search, lanes. */
export const EDITOR = [
  N_('Ad-hoc sub-process'), N_('Ad-hoc sub-process (collapsed)'), N_('Ad-hoc sub-process (expanded)'), N_('Add lane above'),
  N_('Add lane below'), N_('Add text annotation'), N_('Align elements'), N_('Append conditional intermediate catch event'),
  N_('Append end event'), N_('Append gateway'), N_('Append intermediate/boundary event'), N_('Append task'),
  N_('Append message intermediate catch event'), N_('Append receive task'),
  N_('Append signal intermediate catch event'), N_('Append timer intermediate catch event'), N_('Boundary event'),
  N_('Business rule task'), N_('Call activity'), N_('Cancel boundary event'), N_('Cancel end event'), N_('Change element'),
  N_('Close minimap'), N_('Collection'), N_('Compensation boundary event'), N_('Compensation end event'),
  N_('Compensation intermediate throw event'), N_('Compensation start event'), N_('Complex gateway'),
  N_('Conditional boundary event'), N_('Conditional boundary event (non-interrupting)'), N_('Conditional flow'),
  N_('Conditional intermediate catch event'), N_('Conditional start event'), N_('Conditional start event (non-interrupting)'),
  N_('Connect to other element'), N_('Connect using association'), N_('Connect using data input association'),
  N_('Data object reference'), N_('Data store reference'), N_('Default flow'), N_('Delete'),
  N_('Distribute elements horizontally'), N_('Distribute elements vertically'), N_('Divide into three lanes'),
  N_('Divide into two lanes'), N_('Empty pool/participant'), N_('End event'), N_('Error boundary event'),
  N_('Error end event'), N_('Error start event'), N_('Escalation boundary event'),
  N_('Escalation boundary event (non-interrupting)'), N_('Escalation end event'), N_('Escalation intermediate throw event'),
  N_('Escalation start event'), N_('Escalation start event (non-interrupting)'), N_('Event based instantiating Gateway'),
  N_('Event sub-process'), N_('Event-based gateway'), N_('Exclusive gateway'), N_('Expanded pool/participant'),
  N_('Inclusive gateway'), N_('Intermediate throw event'), N_('Link intermediate catch event'),
  N_('Link intermediate throw event'), N_('Loop'), N_('Manual task'), N_('Message boundary event'),
  N_('Message boundary event (non-interrupting)'), N_('Message end event'), N_('Message intermediate catch event'),
  N_('Message intermediate throw event'), N_('Message start event'), N_('Message start event (non-interrupting)'),
  N_('Open minimap'), N_('Open {element}'), N_('Parallel Event based instantiating Gateway'), N_('Parallel gateway'),
  N_('Parallel multi-instance'), N_('Receive task'), N_('Script task'), N_('Search in diagram'), N_('Send task'),
  N_('Sequence flow'), N_('Sequential multi-instance'), N_('Service task'), N_('Signal boundary event'),
  N_('Signal boundary event (non-interrupting)'), N_('Signal end event'), N_('Signal intermediate catch event'),
  N_('Signal intermediate throw event'), N_('Signal start event'), N_('Signal start event (non-interrupting)'),
  N_('Start event'), N_('Sub-process'), N_('Sub-process (collapsed)'), N_('Sub-process (expanded)'), N_('Task'),
  N_('Terminate end event'), N_('Timer boundary event'), N_('Timer boundary event (non-interrupting)'),
  N_('Timer intermediate catch event'), N_('Timer start event'), N_('Timer start event (non-interrupting)'),
  N_('Toggle non-interrupting'), N_('Transaction'), N_('User task')
];

/** bpmn-js-token-simulation, which translates nothing itself: see canvas/simulation.js. */
export const SIMULATION = [
  N_('Add pause point'), N_('Finished'), N_('Found unsupported elements'), N_('Not supported'), N_('Pause Simulation'),
  N_('Play Simulation'), N_('Play/Pause Simulation'), N_('Remove pause point'), N_('Reset Simulation'),
  N_('Set animation speed'), N_('Set Sequence Flow'), N_('Trigger Event')
];
