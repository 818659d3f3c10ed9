import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { ICONS } from './src/shared/icons.js';
import { webForms } from './web-forms-plugin.js';
import { STATES, UNKNOWN_STATE } from './src/shared/states.js';

const here = import.meta.dirname;

function iconAddress(name) {
  const svg = readFileSync(resolve(here, 'node_modules/bootstrap-icons/icons', `${name}.svg`), 'utf8');
  const bare = svg.replace(/ (class|width|height|fill)="[^"]*"/g, '').replace(/\s+/g, ' ').replaceAll('> <', '><').trim();
  return `data:image/svg+xml,${encodeURIComponent(bare).replace(/%20/g, ' ').replace(/%3D/g, '=').replace(/%3A/g, ':').replace(/%2F/g, '/').replace(/%22/g, "'")}`;
}

/** The Sass maps that the stylesheet shares with the JavaScript: `$icons` and `$states`. */
function sharedMaps() {
  const icons = ICONS.map((name) => `"${name}": "${iconAddress(name)}"`).join(',');
  const states = Object.entries(STATES).map(([state, { tone, icon }]) => `"${state}": ("${tone}", "${icon}")`).join(',');
  return `$icons: (${icons});\n$states: (${states});\n$unknown-icon: "${UNKNOWN_STATE.icon}";\n`;
}

export default defineConfig({
  base: './', // whatever prefix the site is served under, chunks and fonts are found beside each other
  publicDir: false,
  plugins: [webForms(here)],
  define: {
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false'
  },
  css: {
    preprocessorOptions: {
      scss: {
        additionalData: sharedMaps(),
        loadPaths: [resolve(here, 'node_modules')],
        quietDeps: true,
        // Bootstrap 5.3 is written for @import
        silenceDeprecations: ['import', 'global-builtin', 'color-functions', 'if-function']
      }
    }
  },
  build: {
    outDir: resolve(here, '../static/dist'),
    emptyOutDir: true,
    manifest: true,
    target: 'es2022',
    assetsInlineLimit: 0, // fonts stay files: font-src 'self'
    chunkSizeWarningLimit: 3000, // ODK Web Forms is one piece of 2.9 MB, loaded on the form page only
    rolldownOptions: {
      input: Object.fromEntries(['site', 'diagram', 'form', 'modeler', 'texts'].map((entry) => [entry, resolve(here, `src/${entry}/main.js`)]))
    }
  },
  test: {
    include: ['test/**/*.test.js'],
    environment: 'node'
  }
});
