/**
 * What is kept on this computer while it is not on the server: for each draft and each page that has it open one
 * diagram, in IndexedDB.
 *
 * Two pages of one draft keep their work beside each other. What a page left behind is found by the next one of the
 * same person; which pages are still open is told by the lock that each one holds (Web Locks).
 */

const NAME = 'run-modeler';
const STORE = 'drafts';
const LOCK = 'run-modeler ';
/** Characters of one diagram that is kept beside, for a page that is left while it is sent. */
const SENT = 100_000;

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

const store = {
  all: (start) => within('readonly', (entries) => entries.getAll(IDBKeyRange.bound(start, `${start}\uffff`))),
  write: (entry) => within('readwrite', (entries) => entries.put(entry)),
  remove: (id) => within('readwrite', (entries) => entries.delete(id))
};

/** The keys of the entries whose pages are open; none where the browser does not tell (pages without TLS). */
async function openPages(locks) {
  const held = (await locks?.query())?.held ?? [];
  return new Set(held.map(({ name }) => name).filter((name) => name.startsWith(LOCK)).map((name) => name.slice(LOCK.length)));
}

/** The newest entry that no open page still works on: who left it may have it back. */
export function leftBehind(entries, open, mine) {
  return entries.filter(({ id, xml }) => xml && (id === mine || !open.has(id))).sort((one, other) => other.at - one.at)[0];
}

/** What was sent last, written at once: a page that is left has no time for a database. */
const sentBy = {
  read: (id) => {
    try {
      return JSON.parse(localStorage.getItem(LOCK + id));
    } catch {
      return null;
    }
  },
  write: (id, sent) => {
    try {
      localStorage.setItem(LOCK + id, JSON.stringify(sent));
    } catch {
      // no room: at worst a person is asked about their own change
    }
  },
  remove: (id) => {
    try {
      localStorage.removeItem(LOCK + id);
    } catch {
      // as above
    }
  }
};

/**
 * {read, write, remove, sent} for one page: an entry is {id, xml, etag, at, sent}, the diagram, the revision of the
 * server it began with, when it was changed last, and {xml, at} of what was sent last and not answered for. What
 * `read` found stays until this page saved or kept something.
 */
export function keeper({ draft, person, page = `${Date.now()}-${Math.random()}`, locks = navigator.locks, entries = store, sent = sentBy }) {
  const start = `${draft}/${person}/`;
  const mine = start + page;
  let found = null;
  locks?.request(LOCK + mine, () => new Promise(() => {})).catch(() => null); // held as long as the page is there
  const forget = async () => {
    if (!found) return;
    sent.remove(found);
    await entries.remove(found);
    found = null;
  };
  return {
    async read() {
      const entry = leftBehind(await entries.all(start), await openPages(locks), mine);
      found = entry && entry.id !== mine ? entry.id : null;
      return entry && { ...entry, sent: sent.read(entry.id) };
    },
    sent: (xml, at) => xml.length <= SENT && sent.write(mine, { xml, at }),
    async write(entry) {
      await entries.write({ ...entry, id: mine });
      await forget();
    },
    async remove() {
      sent.remove(mine);
      await entries.remove(mine);
      await forget();
    }
  };
}
