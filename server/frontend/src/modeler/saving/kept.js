/** What is kept on this computer while it is not on the server: one diagram for each draft, in IndexedDB. */

const NAME = 'run-modeler';
const STORE = 'drafts';

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

/** {id, xml, etag, at}: the diagram, the revision of the server it began with, and when it was changed last. */
export const kept = {
  read: (id) => within('readonly', (store) => store.get(id)),
  write: (entry) => within('readwrite', (store) => store.put(entry)),
  remove: (id) => within('readwrite', (store) => store.delete(id))
};
