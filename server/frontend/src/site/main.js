import './site.scss';
import './htmx.js';
import './enhancements.js';
