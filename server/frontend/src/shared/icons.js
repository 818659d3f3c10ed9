/** The outline icons (Bootstrap Icons, MIT) that become `.icon-<name>` classes: add a name here to use one more. */
import { STATES, UNKNOWN_STATE } from './states.js';

const INTERFACE = [
  'arrow-clockwise', 'arrow-counterclockwise', 'arrow-down', 'arrow-left', 'arrow-right', 'arrow-up', 'bank', 'bell', 'book', 'box-arrow-right', 'boxes', 'briefcase',
  'calendar', 'camera', 'card-checklist', 'cash-stack', 'chat', 'check-lg', 'chevron-down', 'chevron-left', 'chevron-right',
  'clipboard-check', 'clock', 'cloud-check', 'cloud-slash', 'copy', 'diagram-3', 'download', 'exclamation-circle', 'eye',
  'file-earmark-text', 'files', 'fullscreen', 'geo-alt', 'globe', 'graph-up', 'hash', 'house', 'image', 'info-circle',
  'journal-text', 'key', 'kanban', 'list-check', 'list-ul', 'map', 'mic', 'paperclip', 'people', 'person', 'person-badge', 'phone',
  'play-circle', 'plus-lg', 'printer', 'question-circle', 'receipt', 'search', 'signpost-split', 'tags', 'three-dots', 'translate', 'upload', 'wallet2', 'x-lg',
  'zoom-in', 'zoom-out'
];

export const ICONS = Object.freeze(
  [...new Set([...INTERFACE, UNKNOWN_STATE.icon, ...Object.values(STATES).map(({ icon }) => icon)])].sort()
);
