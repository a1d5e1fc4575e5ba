// What the device keeps (IndexedDB): who it belongs to, what it knows of his campaign, his records, their files.
// Everything but files is under an account, and nothing of one account is shown to another.
//
//   meta      "me", "data:<account>:<campaign>", "sent:<account>"
//   records   by uuid: drafts and what waits to go up
//   files     by uuid: photographs and voices, as they were taken
//   pictures  "<account> <address>": small photographs of cases to verify
const NAME = "pinzhi-field";
const STORES = ["meta", "records", "files", "pictures"];

let opened;
function database() {
  opened ||= new Promise((resolve, reject) => {
    const ask = indexedDB.open(NAME, 1);
    ask.onupgradeneeded = () => STORES.forEach((s) => ask.result.createObjectStore(s));
    ask.onsuccess = () => {
      ask.result.onversionchange = () => { ask.result.close(); opened = null; };
      resolve(ask.result);
    };
    ask.onerror = () => { opened = null; reject(ask.error); };
  });
  return opened;
}

// within runs fn in one transaction; what fn returns is a request whose result is wanted, or nothing.
async function within(stores, mode, fn) {
  const db = await database();
  return new Promise((resolve, reject) => {
    const tx = db.transaction(stores, mode, { durability: "strict" });
    const asked = fn(...[stores].flat().map((s) => tx.objectStore(s)));
    tx.oncomplete = () => resolve(asked?.result);
    tx.onabort = tx.onerror = () => reject(tx.error);
  });
}

export const get = (store, key) => within(store, "readonly", (s) => s.get(key));
export const put = (store, key, value) => within(store, "readwrite", (s) => { s.put(value, key); });
export const keys = (store) => within(store, "readonly", (s) => s.getAllKeys());
export const drop = (store, key) => within(store, "readwrite", (s) => { s.delete(key); });

// putFor puts what was fetched for somebody, if the device is still his: he may have signed out while it was on its way.
export const putFor = (account, store, key, value) => within([...new Set(["meta", store])], "readwrite", (meta, other = meta) => {
  const asked = meta.get("me");
  asked.onsuccess = () => { if (asked.result?.account === account) other.put(value, key); };
});

// A change is told to every tab and the worker, and to this one, which a channel leaves out.
let channel;
const listeners = [];
const line = () => (channel ||= Object.assign(new BroadcastChannel(NAME), { onmessage: (e) => listeners.forEach((fn) => fn(e.data)) }));
export function onChange(fn) { listeners.push(fn); line(); }
export function tell(what) {
  line().postMessage(what);
  listeners.forEach((fn) => fn(what));
}

// records are an account's, the oldest first.
export async function records(account) {
  const all = await within("records", "readonly", (s) => s.getAll());
  return all.filter((r) => r.account === account).sort((a, b) => a.made - b.made);
}

export const record = (uuid) => get("records", uuid);

// keepRecord writes a record and the new ones of its files, all or nothing.
export async function keepRecord(r, blobs = {}) {
  await within(["records", "files"], "readwrite", (records, files) => {
    records.put(r, r.uuid);
    for (const [uuid, blob] of Object.entries(blobs)) files.put(blob, uuid);
  });
  tell({ uuid: r.uuid });
}

// change changes a record that is still there; whoever deleted it meanwhile gets nothing back.
export async function change(uuid, values) {
  const r = await within("records", "readwrite", (s) => {
    const ask = s.get(uuid);
    ask.addEventListener("success", () => { if (ask.result) s.put(Object.assign(ask.result, values), uuid); });
    return ask;
  });
  tell({ uuid });
  return r;
}

// forget deletes a record with its files, and nothing else.
export async function forget(r) {
  await within(["records", "files"], "readwrite", (records, files) => {
    records.delete(r.uuid);
    for (const f of r.files) files.delete(f.uuid);
  });
  tell({ uuid: r.uuid, gone: true });
}

export const dropFile = (uuid) => drop("files", uuid);

// leave takes away what the device knows for whoever signed out. His records stay: they are his only copy, and come
// up again when he signs in.
export async function leave() {
  const me = await get("meta", "me");
  if (!me) return;
  await within(["meta", "pictures"], "readwrite", (meta, pictures) => {
    meta.delete("me");
    meta.delete(IDBKeyRange.bound(`data:${me.account}:`, `data:${me.account};`));
    meta.delete(`sent:${me.account}`);
    pictures.delete(IDBKeyRange.bound(`${me.account} `, `${me.account}!`));
  });
  tell({ left: true });
}

// exists reports whether this device has ever opened the field page.
export async function exists() {
  if (!indexedDB.databases) return true;
  return (await indexedDB.databases()).some((d) => d.name === NAME);
}
