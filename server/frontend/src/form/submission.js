/** Sending one submission like an OpenRosa client, and reading the server's answer. */

export const SUBMISSION_PART = 'xml_submission_file';

/**
 * The multipart body of a submission: the XML first, then one part per file, whose name is the file's name.
 *
 * The renderer may hand over files in several pieces that each repeat the XML; the XML goes out once. Two files of the
 * same name are one file (the name is what the XML refers to).
 */
export function multipart({ xml, files }) {
  const body = new FormData();
  body.append(SUBMISSION_PART, new File([xml], `${SUBMISSION_PART}.xml`, { type: 'text/xml' }));
  for (const [name, file] of new Map(files.map((each) => [each.name, each]))) body.append(name, file, name);
  return body;
}

/** The submission's XML and files out of the form data pieces that ODK Web Forms produces. */
export async function collect(pieces) {
  let xml = null;
  const files = new Map();
  for (const piece of [pieces].flat()) {
    for (const [key, value] of piece.entries()) {
      if (typeof value === 'string') continue;
      if (key === SUBMISSION_PART) xml ??= await value.text();
      else files.set(key, value.name === key ? value : new File([value], key, { type: value.type }));
    }
  }
  if (xml === null) throw new Error('The form produced no submission.');
  return { xml, files: [...files.values()] };
}

/** The problems of an answer's body as `[{place, message}]`; a body that is something else has none. */
export function readProblems(text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return [];
  }
  const listed = Array.isArray(body?.problems) ? body.problems : [];
  return listed
    .map((problem) => (typeof problem === 'string' ? { message: problem } : problem))
    .filter((problem) => problem?.message)
    .map(({ place, message }) => ({ place: String(place ?? ''), message: String(message) }));
}

/**
 * What an answer means: `sent`, `retry` (the same bytes may be sent again by themselves), or a kind of refusal.
 *
 * A second try is safe because it carries the same instanceID: the server takes a submission once.
 */
export function meaningOf(status) {
  if (status >= 200 && status < 300) return 'sent';
  if (status === 0) return 'offline';
  if (status === 401 || status === 403) return 'signedOut';
  if (status === 413) return 'tooLarge';
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'retry';
  return 'refused';
}

/** One POST by XMLHttpRequest, which (unlike fetch) tells how much of a photo has gone; never rejects. */
export function post(address, body, { csrf, onProgress = () => {} }) {
  return new Promise((settle) => {
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.setRequestHeader('X-OpenRosa-Version', '1.0');
    request.setRequestHeader('Accept', 'application/json');
    if (csrf) request.setRequestHeader('X-CSRFToken', csrf);
    request.timeout = 5 * 60 * 1000;
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => lengthComputable && onProgress(loaded / total);
    const end = () => settle({ status: request.status, text: request.responseText ?? '', address: request.responseURL });
    request.onload = end;
    request.onerror = end;
    request.ontimeout = end;
    request.send(body);
  });
}

/**
 * Sends a submission, again after a pause while the server cannot be reached or is busy; resolves to the last answer
 * with its `meaning` and `problems`.
 */
export async function send(submission, { address, csrf, pauses = [2000, 6000], sendOnce = post, wait = pause, onProgress, onRetry = () => {} }) {
  const attempts = pauses.length + 1;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await sendOnce(address, multipart(submission), { csrf, onProgress });
    const meaning = meaningOf(answer.status);
    if ((meaning !== 'retry' && meaning !== 'offline') || attempt === attempts) return { ...answer, meaning, problems: readProblems(answer.text) };
    onRetry({ attempt: attempt + 1, attempts });
    await wait(pauses[attempt - 1]);
  }
}

const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });
