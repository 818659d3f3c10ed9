/** Opening diagrams: newer metadata is not touched, a file without a drawing gets one, a dropped file becomes a draft. */

const RUN_NAMESPACES = /["'](https:\/\/w3id\.org\/run-services\/bpmn\/[^"']*)["']/g;

/** The namespaces of RUN in a file that this modeler does not know: what is in them must not be written back. */
export function newerNamespaces(xml, known) {
  return [...new Set([...xml.matchAll(RUN_NAMESPACES)].map(([, uri]) => uri))].filter((uri) => uri !== known);
}

/** Whether reading left something of ours out, which saving would then lose. */
export function leftOut(warnings) {
  return warnings.some(({ message }) => /<run:|\brun:\w+/.test(String(message)));
}

const NO_DRAWING = /no diagram to display|no process or collaboration to display/;

/** importXML; a file that holds no drawing is laid out first. Returns {warnings, laidOut}. */
export async function open(modeler, xml) {
  try {
    if (!/BPMNShape/.test(xml)) throw new Error('no diagram to display');
    return { ...(await modeler.importXML(xml)), laidOut: false };
  } catch (problem) {
    if (!NO_DRAWING.test(problem.message)) throw problem;
    return { ...(await modeler.importXML(await withDrawing(xml))), laidOut: true };
  }
}

/** The file with a drawing made by bpmn-auto-layout; what it says is otherwise left byte for byte. */
export async function withDrawing(xml) {
  const { layoutProcess } = await import('bpmn-auto-layout');
  const laidOut = new DOMParser().parseFromString(await layoutProcess(xml), 'application/xml');
  const drawings = [...laidOut.getElementsByTagNameNS('http://www.omg.org/spec/BPMN/20100524/DI', 'BPMNDiagram')];
  const text = drawings.map((drawing) => new XMLSerializer().serializeToString(drawing)).join('\n');
  const bare = xml.replace(/<(\w+:)?BPMNDiagram\b[\s\S]*<\/(\w+:)?BPMNDiagram>|<(\w+:)?BPMNDiagram\b[^>]*\/>/g, '');
  const end = bare.search(/<\/(\w+:)?definitions\s*>\s*$/);
  return `${bare.slice(0, end)}${text}\n${bare.slice(end)}`;
}

/** Send a file to the server, which makes a draft of it; gives the address of the new draft's page. */
export function makeDraft(address, csrf, file) {
  return begin(address, csrf, { kind: 'import', file });
}

/** A copy of a draft with its forms and decision models, whose diagram is the file; gives the address of its modeler. */
export async function copyOfDraft(address, csrf, draft, file) {
  const made = await begin(address, csrf, { kind: 'copy', draft });
  const diagram = `${made.replace(/\/modeler$/, '')}/diagram.bpmn`;
  const held = await fetch(diagram, { credentials: 'same-origin' });
  const headers = { 'Content-Type': 'application/xml', 'If-Match': held.headers.get('ETag') ?? '', 'X-CSRFToken': csrf };
  const answer = await fetch(diagram, { method: 'PUT', body: file, credentials: 'same-origin', headers });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return made;
}

async function begin(address, csrf, fields) {
  const form = new FormData();
  form.append('csrf_token', csrf);
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  const answer = await fetch(address, { method: 'POST', body: form, credentials: 'same-origin', headers: { 'X-CSRFToken': csrf } });
  if (!answer.ok || !answer.redirected) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.url;
}

/** Call `take(file)` for a file dropped anywhere on the page. */
export function takeDrops(place, take) {
  const files = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  const mark = (on) => place.classList.toggle('mm--dropping', on);
  addEventListener('dragover', (event) => {
    if (!files(event)) return;
    event.preventDefault();
    mark(true);
  });
  addEventListener('dragleave', (event) => event.relatedTarget === null && mark(false));
  addEventListener('drop', (event) => {
    if (!files(event)) return;
    event.preventDefault();
    mark(false);
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
}
