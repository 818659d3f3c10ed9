/** The form page: fetches the form, lets the renderer draw it, sends what the person answered, shows what the server says. */
import './form.scss';
import { mountPage } from './page.js';

const place = document.getElementById('form');
if (place) mountPage(place);
