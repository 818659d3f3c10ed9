import './texts.scss';
import { TextsPage } from './page.js';

const words = document.getElementById('texts-words');
if (words) new TextsPage(document, JSON.parse(words.textContent)).start();
