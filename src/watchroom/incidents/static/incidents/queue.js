// Lines that wait on this device until the server has them: in IndexedDB; where the browser has none (a private window), in
// this page's memory.
const memory = [];
let number = 0;

const opened = new Promise((resolve) => {
  try {
    const asked = indexedDB.open("watchroom", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("lines", { keyPath: "n", autoIncrement: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = asked.onblocked = () => resolve(null);
  } catch { resolve(null); }
});

async function store(mode, act) {
  const db = await opened;
  return new Promise((resolve, reject) => {
    const made = db.transaction("lines", mode), asked = act(made.objectStore("lines"));
    made.oncomplete = () => resolve(asked?.result);
    made.onerror = made.onabort = () => reject(made.error);
  });
}

export const queue = {
  // Whether some of it is gone when this page is.
  isFragile: () => memory.length > 0,
  async add(line) {
    if (await opened) { try { return await store("readwrite", (lines) => lines.add(line)); } catch { /* full: memory */ } }
    memory.push({ ...line, n: --number });
    return number;
  },
  async all() {
    const kept = (await opened) ? await store("readonly", (lines) => lines.getAll()) : [];
    return [...kept, ...memory];
  },
  async put(line) {
    if (line.n < 0) { memory.splice(memory.findIndex((each) => each.n === line.n), 1, line); return; }
    await store("readwrite", (lines) => lines.put(line));
  },
  async remove(n) {
    if (n < 0) { memory.splice(memory.findIndex((each) => each.n === n), 1); return; }
    await store("readwrite", (lines) => lines.delete(n));
  },
};
