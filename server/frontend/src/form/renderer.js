/**
 * The seam between the form page and what draws the form: today ODK Web Forms.
 *
 * mount(element, {formXml, prefill, attachments, language, onSubmit})
 *   formXml       an ODK XForm
 *   prefill       null, or the earlier submission {xml, fileNames, file(name) -> Promise<Response>}
 *   attachments   (file name) -> Promise<Response>, the form's own media
 *   onSubmit      ({xml, files}) -> Promise<boolean>, true when it was received
 */
import './chrome.js'; // before the renderer: its texts are read while it loads
import { createApp, h } from 'vue';
import { OdkWebForm, webFormsPlugin } from '@getodk/web-forms';
import { primeLocale } from './chrome.js';
import { collect } from './submission.js';

const MAX_FILE_BYTES = 25_000_000;

export function mount(element, { formXml, prefill, attachments, language, onSubmit }) {
  const editInstance = prefill && {
    resolveInstance: async () => prefill.xml,
    attachmentFileNames: prefill.fileNames,
    resolveAttachment: prefill.file
  };
  const app = createApp({
    render: () => h(OdkWebForm, {
      formXml,
      fetchFormAttachment: (address) => attachments(decodeURIComponent(String(address).split('/').pop())),
      missingResourceBehavior: 'BLANK', // a picture that is missing must not keep a person from answering
      trackDevice: true,
      attachmentMaxSize: MAX_FILE_BYTES,
      editInstance: editInstance ?? undefined,
      // the page leaves after a submission, so the form is never reset: what was answered stays until it is received
      onSubmit: async (payload) => { await onSubmit(await collect(payload.data)); }
    })
  });
  app.use(webFormsPlugin);
  const prime = app.config.globalProperties.$primevue;
  if (prime) Object.assign(prime.config.locale, primeLocale(language));
  app.mount(element);
  return () => app.unmount();
}
