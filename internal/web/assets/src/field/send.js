// Sends what waits: files in pieces that go on where they were cut, then the record. Page and worker both run it; a
// lock lets one of them at a time. A record leaves the device when the server has said that it has it, not before.
import { change, forget, get, put, record, records, tell } from "./store.js";

const LEAST = 64 * 1024, MOST = 1024 * 1024; // of a piece; the server takes 16 kB to 1 MB
let piece = 256 * 1024;

// Away is why a request brought nothing: no network, signed out, later, or refused for good.
class Away extends Error {
  constructor(why, message, body, status) { super(message); Object.assign(this, { why, body, status }); }
}

// there tells whether the network is: whoever looks at the page learns it at the first request that fails.
let last;
function there(net) {
  if (net !== last) tell({ net });
  last = net;
}

export async function call(account, method, url, body, headers = {}) {
  let res;
  try {
    res = await fetch(url, {
      method, redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(60_000),
      headers: { Accept: "application/json", ...(account ? { "Pinzhi-Account": String(account) } : {}), ...headers },
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    });
  } catch {
    there(false);
    throw new Away("network", "没有信号");
  }
  if (res.status === 401 || res.type === "opaqueredirect") throw new Away("signedOut", "请重新登录");
  if (res.status === 204) return null;
  const json = await res.json().catch(() => null); // a hotel's sign-in page is no answer of ours
  there(Boolean(json));
  if (!json) throw new Away("network", "没有信号");
  if (res.ok) return json;
  if (res.status >= 500 || res.status === 429 || res.status === 408) throw new Away("later", json.message, json, res.status);
  throw new Away("refused", json.message, json, res.status);
}

// bring sends one file, from where the server has it.
async function bring(me, r, f) {
  const base = `/c/${r.campaign}/uploads`;
  const { uuid, name, bytes, sha256, at, lat, lon, accuracy } = f;
  const begin = () => call(me.account, "POST", base, { uuid, name, bytes, sha256, at, lat, lon, accuracy });
  const blob = await get("files", uuid);
  if (!blob) throw new Away("refused", `“${name}”不在这台设备上了，请删除后重拍`);
  let state = await begin(), anew = 0;
  while (!state.whole) {
    if (!(await record(r.uuid))) return; // deleted meanwhile
    tell({ uuid: r.uuid, file: uuid, offset: state.offset });
    const from = performance.now();
    try {
      state = await call(me.account, "PATCH", `${base}/${uuid}`, blob.slice(state.offset, state.offset + piece),
        { "Upload-Offset": String(state.offset), "Content-Type": "application/offset+octet-stream" });
      if (performance.now() - from < 2000) piece = Math.min(MOST, piece * 2);
    } catch (e) {
      if (e.why === "network") piece = Math.max(LEAST, piece / 2);
      if (e.status === 409 && e.body?.offset !== undefined) state = { offset: e.body.offset };
      else if (e.status === 404 && anew++ < 2) state = await begin(); // it was swept away meanwhile
      else throw e;
    }
  }
  tell({ uuid: r.uuid, file: uuid, offset: bytes });
}

const pause = (tries) => Math.min(5 * 60_000, 5_000 * 2 ** Math.min(tries, 10));

// sendOne reports whether it is worth going on with the next record.
async function sendOne(me, uuid) {
  let r = await change(uuid, { state: "sending" });
  if (!r) return true;
  try {
    for (const f of r.files) {
      if (f.whole) continue;
      await bring(me, r, f);
      f.whole = true;
      r = await change(uuid, { files: r.files });
      if (!r) return true; // deleted meanwhile
    }
    const { kind, fields, files } = r;
    const got = await call(me.account, "POST", `/c/${r.campaign}/field/records`, { uuid, kind, fields, files: files.map((f) => f.uuid) });
    await remember(me, r, got.case);
    await forget(r);
    return true;
  } catch (e) {
    return settle(me, r, e);
  }
}

// settle writes down why a record did not go up, and what is to happen with it.
async function settle(me, r, e) {
  if (!(e instanceof Away)) e = new Away("later", "这台设备出了错：" + e.message);
  const tries = r.tries + 1;
  const wait = { state: "waiting", error: e.why === "later" ? e.message : "", tries, next: Date.now() + pause(tries) };
  if (e.why === "signedOut") await signedOut(me);
  else if (e.why === "refused" && e.body?.field === "files" && e.status !== 422 && tries < 4) wait.files = r.files.map((f) => ({ ...f, whole: false }));
  else if (e.why === "refused") Object.assign(wait, { state: "stuck", error: e.message, case: e.body?.case });
  await change(r.uuid, wait);
  return e.why === "refused" || e.why === "later";
}

async function signedOut(me) {
  const now = await get("meta", "me");
  if (now?.account === me.account) await put("meta", "me", { ...now, signedOut: true });
}

// remember keeps the last ones that went up, so that one sees that they did.
async function remember(me, r, c) {
  const key = `sent:${me.account}`;
  const sent = (await get("meta", key)) || [];
  if (sent.some((s) => s.uuid === r.uuid)) return;
  await put("meta", key, [{ uuid: r.uuid, kind: r.kind, campaign: r.campaign, id: c.id, number: c.number, title: c.title, at: Date.now() }, ...sent].slice(0, 20));
}

async function run(now) {
  const me = await get("meta", "me");
  if (!me) return;
  const tried = new Set();
  for (;;) {
    const due = (r) => !tried.has(r.uuid) && (r.state === "waiting" || r.state === "sending") && (now || r.next <= Date.now());
    const next = (await records(me.account)).find(due);
    if (!next) return;
    tried.add(next.uuid);
    if (!(await sendOne(me, next.uuid))) return;
  }
}

// send sends what is due; now means that the pauses are over, because the network is back or somebody asks.
export function send({ now = false, wait = false } = {}) {
  if (!navigator.locks) return run(now);
  return navigator.locks.request("pinzhi-field-send", { ifAvailable: !wait }, (lock) => lock && run(now));
}

// retry takes a stuck record up again.
export async function retry(uuid, fields) {
  const r = await record(uuid);
  if (r) await change(uuid, { state: "waiting", error: "", case: undefined, tries: 0, next: 0, ...(fields ? { fields: { ...r.fields, ...fields } } : {}) });
  return send({ now: true, wait: true });
}

// giveUp deletes one record here, and what of its files lies at the server.
export async function giveUp(r) {
  await forget(r);
  const me = await get("meta", "me");
  for (const f of r.files) {
    await call(me?.account, "DELETE", `/c/${r.campaign}/uploads/${f.uuid}`).catch(() => {}); // swept there in two weeks anyway
  }
}
