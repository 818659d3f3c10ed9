/**
 * Token simulation in the person's language: the plugin writes English into its pages, so its words are replaced.
 *
 * Its log and its passing notices are left out: the tokens say it.
 */
import ElementNotifications from 'bpmn-js-token-simulation/lib/features/element-notifications/ElementNotifications.js';

const PATTERNS = [[/^Set animation speed = .*/, 'Set animation speed']];

class Silent {
  showNotification() {}
  log() {}
  clear() {}
  toggle() {}
  isShown() { return false; }
}

class Translated extends ElementNotifications {
  static $inject = ['overlays', 'eventBus', 'translate'];

  constructor(overlays, eventBus, translate) {
    super(overlays, eventBus);
    this.translate = translate;
  }

  addElementNotification(element, options) {
    super.addElementNotification(element, { ...options, text: this.translate(options.text) });
  }
}

/** Replaces the titles of the plugin's buttons, those that are there and those that come. */
class Titles {
  static $inject = ['canvas', 'translate', 'eventBus'];

  constructor(canvas, translate, eventBus) {
    this.translate = translate;
    const container = canvas.getContainer();
    // the plugin's own buttons are in the page, hidden, before anybody tries the service out
    eventBus.once('import.done', () => this.say(container));
    eventBus.once('tokenSimulation.toggleMode', () => {
      this.say(container);
      new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => node.querySelectorAll && this.say(node))))
        .observe(container, { childList: true, subtree: true });
    });
  }

  say(around) {
    const titled = around.querySelectorAll('[class*="bts-"][title]');
    for (const element of [around, ...titled]) {
      const text = element.getAttribute?.('title');
      if (!text || element.dataset.said || !/\bbts-/.test(element.getAttribute('class') ?? '')) continue;
      const [, known] = PATTERNS.find(([pattern]) => pattern.test(text)) ?? [null, text];
      const scope = /^Focus process instance /.test(text);
      element.dataset.said = 'true';
      element.title = scope ? this.translate('Show this token only') : this.translate(known);
      element.setAttribute('aria-label', element.title);
    }
  }
}

export default {
  __init__: ['runSimulationTitles'], runSimulationTitles: ['type', Titles],
  log: ['type', Silent], notifications: ['type', Silent], elementNotifications: ['type', Translated]
};
