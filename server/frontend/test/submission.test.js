import { describe, expect, it, vi } from 'vitest';
import { collect, meaningOf, multipart, readProblems, send, SUBMISSION_PART } from '../src/form/submission.js';

const XML = '<submission id="survey"><meta><instanceID>uuid:1</instanceID></meta><village>Anandana É ɖ</village></submission>';
const photo = (name = 'photo.jpg', content = 'bytes') => new File([content], name, { type: 'image/jpeg' });

function piece(...files) {
  const form = new FormData();
  form.append(SUBMISSION_PART, new File([XML], SUBMISSION_PART, { type: 'text/xml' }));
  for (const file of files) form.append(file.name, file);
  return form;
}

describe('a submission', () => {
  it('is sent as its XML and one part per file, named like the file', async () => {
    const body = multipart({ xml: XML, files: [photo(), photo('list.pdf')] });
    expect([...body.keys()]).toEqual([SUBMISSION_PART, 'photo.jpg', 'list.pdf']);
    expect(await body.get(SUBMISSION_PART).text()).toBe(XML);
    expect(body.get(SUBMISSION_PART).type).toBe('text/xml');
    expect(body.get('photo.jpg').name).toBe('photo.jpg');
  });

  it('names a file once', () => {
    expect([...multipart({ xml: XML, files: [photo(), photo()] }).keys()]).toEqual([SUBMISSION_PART, 'photo.jpg']);
  });

  it('is put together from pieces that each repeat the XML', async () => {
    const { xml, files } = await collect([piece(photo('1.jpg')), piece(photo('2.jpg'))]);
    expect(xml).toBe(XML);
    expect(files.map(({ name }) => name)).toEqual(['1.jpg', '2.jpg']);
  });

  it('without XML is an error, not an empty submission', async () => {
    await expect(collect([new FormData()])).rejects.toThrow('no submission');
  });
});

describe('an answer of the server', () => {
  it('means one thing', () => {
    const meanings = [201, 202, 0, 401, 403, 413, 429, 503, 409, 422, 400].map(meaningOf);
    expect(meanings).toEqual(['sent', 'sent', 'offline', 'signedOut', 'signedOut', 'tooLarge', 'retry', 'retry', 'refused', 'refused', 'refused']);
  });

  it('lists problems with their places, or none', () => {
    const body = '{"problems": [{"place": "/submission/age", "message": "Enter an age"}, "Too late", {"place": "x"}, null]}';
    expect(readProblems(body)).toEqual([{ place: '/submission/age', message: 'Enter an age' }, { place: '', message: 'Too late' }]);
    for (const odd of ['', '<html>', 'null', '[]', '{"problems": 3}']) expect(readProblems(odd)).toEqual([]);
  });
});

describe('sending', () => {
  const wait = async () => {};
  const answers = (...statuses) => {
    const sendOnce = vi.fn();
    for (const status of statuses) sendOnce.mockResolvedValueOnce({ status, text: '' });
    return sendOnce;
  };
  const submission = { xml: XML, files: [photo()] };

  it('tries the same submission again while the server is out of reach', async () => {
    const sendOnce = answers(0, 503, 201);
    const onRetry = vi.fn();
    expect((await send(submission, { address: '/s', sendOnce, wait, onRetry })).meaning).toBe('sent');
    const sent = await Promise.all(sendOnce.mock.calls.map(([, body]) => body.get(SUBMISSION_PART).text()));
    expect(sent).toEqual([XML, XML, XML]);
    expect(onRetry.mock.calls).toEqual([[{ attempt: 2, attempts: 3 }], [{ attempt: 3, attempts: 3 }]]);
  });

  it('gives up after three tries and says why', async () => {
    const sendOnce = answers(0, 0, 0);
    expect((await send(submission, { address: '/s', sendOnce, wait })).meaning).toBe('offline');
    expect(sendOnce).toHaveBeenCalledTimes(3);
  });

  it('never repeats what the server refused', async () => {
    const sendOnce = answers(422);
    expect((await send(submission, { address: '/s', sendOnce, wait })).meaning).toBe('refused');
    expect(sendOnce).toHaveBeenCalledTimes(1);
  });

  it('carries the CSRF token', async () => {
    const sendOnce = answers(201);
    await send(submission, { address: '/s', csrf: 'token', sendOnce, wait });
    expect(sendOnce.mock.calls[0][2].csrf).toBe('token');
  });
});
