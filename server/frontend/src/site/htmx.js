/** htmx 2 under a strict Content-Security-Policy, with the site's CSRF token and its answers to bad input. */
import htmx from 'htmx.org';

Object.assign(htmx.config, {
  includeIndicatorStyles: false, // would be an inline <style>; ours are in site.scss
  allowEval: false,
  selfRequestsOnly: true,
  historyCacheSize: 0, // pages hold personal and money facts: keep none of them in the browser's storage
  refreshOnHistoryMiss: true,
  responseHandling: [
    { code: '204', swap: false },
    { code: '[23]..', swap: true },
    { code: '422', swap: true }, // the form again, with its problems
    { code: '[45]..', swap: false, error: true }
  ]
});

document.addEventListener('htmx:configRequest', ({ detail }) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token && detail.verb !== 'get') detail.headers['X-CSRFToken'] = token;
});

for (const [event, busy] of [['htmx:beforeRequest', true], ['htmx:afterRequest', false]]) {
  document.addEventListener(event, ({ detail }) => detail.target?.setAttribute('aria-busy', String(busy)));
}

export default htmx;
