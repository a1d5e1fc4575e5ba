// The field page: what one hand needs in a village. It opens from what the device keeps, and asks the network after.
import { byID, fill, h, light, size, when } from "./dom.js";
import { addressOf, fileView, filesText } from "./files.js";
import { blank, draftOf, noteForm, registerForm, verifyForm } from "./forms.js";
import { here, look, metres, rest } from "./here.js";
import { call, giveUp, retry, send } from "./send.js";
import { change, drop, get, keys, leave, onChange, put, putFor, record, records } from "./store.js";

let me = null, data = null, around = null, online = navigator.onLine, drawn = "";
const sending = new Map(); // bytes that are up, by file

const dataKey = () => `data:${me.account}:${me.campaign.id}`;
const NAMES = { register: "登记", verify: "核查", note: "补充说明" };

// --- what the device knows

async function recall() {
  me = (await get("meta", "me")) || null;
  const asked = Number(new URLSearchParams(location.search).get("c"));
  if (me) me.campaign = me.campaigns?.find((c) => c.id === asked) || me.campaign;
  data = me?.campaign ? (await get("meta", dataKey())) || null : null;
}

// refresh asks who is signed in and what there is for him. Without network everything stays as it is.
async function refresh() {
  let now;
  try {
    now = await call(0, "GET", "/field/me.json");
  } catch (e) {
    online = e.why !== "network" && navigator.onLine;
    if (e.why === "signedOut" && me) { me.signedOut = true; await put("meta", "me", me); }
    return e.why;
  }
  online = true;
  if (me && me.account !== now.account) { await leave(); me = data = null; }
  const asked = Number(new URLSearchParams(location.search).get("c"));
  const campaign = now.campaigns.find((c) => c.id === asked) || now.campaigns.find((c) => c.id === me?.campaign?.id) || (now.campaigns.length === 1 && now.campaigns[0]);
  me = { account: now.account, name: now.name, campaigns: now.campaigns, campaign: campaign || null };
  await put("meta", "me", me);
  if (campaign) await refreshData();
  return "";
}

async function refreshData() {
  const fix = here(), seen = data?.near || [], account = me.account, key = dataKey();
  try {
    const got = await call(account, "GET", `/c/${me.campaign.id}/field/data.json${fix ? `?lat=${fix.lat}&lon=${fix.lon}` : ""}`);
    if (me?.account !== account) return; // somebody else has come meanwhile
    if (!fix) got.near = seen; // not asked for: what was around last time
    data = got;
    data.kept = Date.now();
    if (fix) around = fix;
    await putFor(account, "meta", key, data);
    keepPictures(); // beside
  } catch (e) {
    if (e.why === "refused") { data = null; await drop("meta", key); say(e.message, true); }
  }
}

// keepPictures keeps the small photographs of what waits for verification, and no others.
async function keepPictures() {
  const account = me.account, mine = account + " ";
  const wanted = new Set(data.verify.flatMap((c) => c.photos || []).map((p) => mine + p.small));
  for (const key of await keys("pictures")) if (key.startsWith(mine) && !wanted.delete(key)) await drop("pictures", key);
  for (const key of wanted) {
    const res = await fetch(key.slice(mine.length), { redirect: "manual" }).catch(() => null);
    if (!res) return;
    if (res.ok) await putFor(account, "pictures", key, await res.blob());
  }
}

// --- the head and the strip

function say(text, bad) {
  const note = byID("note");
  note.hidden = !text;
  note.classList.toggle("bad", Boolean(bad));
  fill(note, text || "");
}

async function queue() {
  return me ? (await records(me.account)).filter((r) => r.state !== "draft") : [];
}

async function frame() {
  const waiting = await queue(), n = (s) => waiting.filter((r) => r.state === s).length;
  byID("drill").hidden = !me?.campaign?.drill;
  byID("where").textContent = me?.campaign ? `外业 · ${me.campaign.name}` : "外业";
  fill(byID("net"), light(online ? "ok" : "soon", online ? "有信号" : "无信号"));
  const idle = me?.signedOut ? "等登录" : online ? "等上传" : "等信号";
  const parts = [n("waiting") && light("idle", `${idle} ${n("waiting")}`), n("sending") && light("ok", `上传中 ${n("sending")}`), n("stuck") && light("late", `卡住 ${n("stuck")}`)].filter(Boolean);
  fill(byID("strip"), parts.length ? parts : light(online ? "ok" : "idle", online ? "没有待传的" : "无信号，写下的先存在本机"));
  byID("n-queue").textContent = waiting.length || "";
  byID("n-verify").textContent = data?.verify?.length || "";
  const here = location.hash.slice(1).split("/")[0] || "register";
  for (const a of document.querySelectorAll("#tabs a")) {
    if (a.hash.slice(1) === here) a.setAttribute("aria-current", "page"); else a.removeAttribute("aria-current");
  }
  if (me?.signedOut) {
    say("");
    const note = byID("note");
    note.hidden = false;
    fill(note, "请重新登录：登录后待传的会自己上传。", h("a", { href: "/signin?to=/field" }, "去登录"));
  } else if (byID("note").querySelector("a")) say("");
}

// --- the views

const empty = (strong, ...rest) => h("section.sheet", h("h1", strong), h("p.empty", rest));
const toQueue = () => { ask(); location.hash = "#queue"; };
const find = () => blank(me, "register", { severity: "ordinary", found_at: new Date().toISOString() }, "没有写完的登记");

async function registerView(uuid) {
  let r = uuid ? await record(uuid) : await draftOf(me, "register");
  if (!r || r.account !== me.account || r.state !== "draft") r = find();
  const ways = { stored: toQueue, again: () => { fill(byID("view"), registerForm(me, data, find(), ways)); byID("main").scrollTo(0, 0); frame(); } };
  return registerForm(me, data, r, ways);
}

function caseFacts(c) {
  return [h("p.small.dim", [c.number, c.category, c.unit].filter(Boolean).join(" · ")), c.address && h("p", "地点：" + c.address), c.words && c.words !== c.title && h("p", c.words)];
}

function caseItem(c, view, more) {
  return h("li", h("a.case", { href: `#${view}/${c.id}` }, h("b", c.title), h("span.small", more), h("span.small.dim", c.address || "")), light(c.state, c.light));
}

async function verifyView(id) {
  if (id) return verifyOne(Number(id));
  if (!data.verify.length) return empty("没有等您核查的案件。", online ? "单位反馈以后，会出现在这里。" : "这是上次有信号时的样子。");
  const done = new Map((await queue()).filter((r) => r.kind === "verify").map((r) => [r.fields.case, r]));
  return h("section.sheet", h("h1", "待我核查"), h("p.small.dim", `${data.verify.length} 件，${when(data.kept)}取的`),
    h("ul.list", data.verify.map((c) => caseItem(c, "verify", done.has(c.id) ? (done.get(c.id).state === "stuck" ? "核查过，卡住了" : "核查过，待传") : c.unit))));
}

async function pictures(c) {
  const list = h("div.shots");
  for (const p of c.photos || []) {
    const fig = h("figure.shot", h("figcaption", p.after ? "整改后" : "整改前"));
    const url = await addressOf("pictures", `${me.account} ${p.small}`);
    fig.prepend(url ? h("img", { src: url, alt: p.after ? "整改后的照片" : "整改前的照片" }) : h("span.nopic", "照片没有存在本机"));
    list.append(fig);
  }
  return list;
}

async function verifyOne(id) {
  const c = data.verify.find((x) => x.id === id);
  if (!c) return empty("这件案件不在待核查的里面了。", "可能刚被别人办过。");
  const sent = (await queue()).find((r) => r.kind === "verify" && r.fields.case === id);
  const r = (await draftOf(me, "verify", id)) || blank(me, "verify", { case: id, text: "" }, `核查：${c.title}`);
  Object.assign(r.fields, { revision: c.revision, seen: data.at }); // of the case as it is shown here
  return h("section.sheet", h("h1", c.title), caseFacts(c), light(c.state, c.light), await pictures(c), c.answer && h("p.answer", h("b", "单位反馈："), c.answer),
    sent ? h("p.note", `您核查过，${sent.state === "stuck" ? "卡住了" : "待传"}。`, h("a", { href: "#queue/" + sent.uuid }, "看")) : verifyForm(me, data, c, r, { stored: toQueue }));
}

async function nearView(id) {
  look();
  if (id) return nearOne(Number(id));
  const fix = here(), far = (c) => (fix && c.lat !== undefined ? metres(fix, c) : Infinity);
  if (!data.near.length) return empty(fix ? "两公里内没有没办完的案件。" : "还不知道您在哪里。", fix ? "登记以前先看这里，免得重复。" : "准许定位、有信号时，这里列出周围没办完的案件。");
  return h("section.sheet", h("h1", "附近没办完的"), h("p.small.dim", `${data.near.length} 件，${when(data.kept)}取的`),
    h("ul.list", [...data.near].sort((a, b) => far(a) - far(b)).map((c) => caseItem(c, "near", [Number.isFinite(far(c)) && `${Math.round(far(c))} 米`, c.step_name].filter(Boolean).join(" · ")))));
}

async function nearOne(id) {
  const c = data.near.find((x) => x.id === id);
  if (!c) return empty("这件案件不在附近的里面了。", "");
  const r = (await draftOf(me, "note", id)) || blank(me, "note", { case: id, text: "" }, `补充：${c.title}`);
  return h("section.sheet", h("h1", c.title), caseFacts(c), h("p", light(c.state, c.light), " ", h("span.small", c.step_name)),
    online && h("p", h("a", { href: `/c/${me.campaign.id}/cases/${c.id}` }, "打开案件")),
    noteForm(me, data, c, r, { stored: toQueue }));
}

function up(r) {
  const all = r.files.reduce((n, f) => n + f.bytes, 0);
  const done = r.files.reduce((n, f) => n + (f.whole ? f.bytes : sending.get(f.uuid) || 0), 0);
  return { all, done };
}

function stateOf(r) {
  if (r.state === "draft") return light("idle", "没写完");
  if (r.state === "stuck") return light("late", "卡住");
  if (r.state === "sending") return light("ok", "上传中");
  return light("idle", me.signedOut ? "等登录" : online ? "等上传" : "等信号");
}

function ways(r) {
  const draft = r.state === "draft" && r.kind === "register", again = r.case ? r.case.step === "responded" : true;
  return h("span.ways",
    location.hash === "#queue/" + r.uuid ? null : draft ? h("a.btn", { href: "#register/" + r.uuid }, "继续写") : h("a.btn", { href: "#queue/" + r.uuid }, "看"),
    (r.state === "waiting" || r.state === "stuck") && again && h("button.btn", { type: "button", onclick: () => resend(r) }, r.case ? "照我的再办" : "重试"),
    r.state === "stuck" && r.kind === "register" && h("button.btn", { type: "button", onclick: () => rework(r) }, "修改"),
    h("button.btn", { type: "button", onclick: () => remove(r) }, "删除"));
}

async function resend(r) {
  const fields = r.case ? { revision: r.case.revision } : undefined;
  await retry(r.uuid, fields);
}

// rework makes a draft of a stuck find again: a photograph is taken out, a word put right.
async function rework(r) {
  await change(r.uuid, { state: "draft", error: "", case: undefined });
  location.hash = "#register/" + r.uuid;
}

async function remove(r) {
  const what = r.files.length ? `“${r.title}”和它的 ${filesText(r.files)}` : `“${r.title}”`;
  if (!window.confirm(`从本机删除${what}？还没有上传，删了就没有了。`)) return;
  if (location.hash.startsWith("#queue/")) location.hash = "#queue";
  await giveUp(r);
}

function bar(r) {
  const { all, done } = up(r);
  return r.state === "sending" && all > 0 && h("progress", { max: all, value: done, "aria-label": `${r.title} 上传了多少` });
}

function queueItem(r) {
  const { all, done } = up(r);
  const files = r.files.length ? `${filesText(r.files)} · ${done > 0 && done < all ? size(done) + "\u00a0/\u00a0" : ""}${size(all)}` : "没有照片";
  return h("li." + r.state, { "data-uuid": r.uuid }, h("div.what", h("b", r.title), h("span.small.dim", `${NAMES[r.kind]} · ${when(r.made)} · ${files}`),
    r.case?.last && h("span.err", r.case.last), r.error && h("span.err", r.error), bar(r)), stateOf(r), ways(r));
}

async function queueView(uuid) {
  if (uuid) return queueOne(uuid);
  const all = await records(me.account), sent = (await get("meta", `sent:${me.account}`)) || [];
  const drafts = all.filter((r) => r.state === "draft"), waiting = all.filter((r) => r.state !== "draft");
  return [
    h("section.sheet", h("h1", "待传"), waiting.length ? h("ul.list.outbox", waiting.map(queueItem)) : h("p.empty", h("b", "没有待传的。"), "存下的记录在这里等信号，有信号自己上传。")),
    drafts.length > 0 && h("section.sheet", h("h2", "没写完的"), h("ul.list.outbox", drafts.map(queueItem))),
    sent.length > 0 && h("section.sheet", h("h2", "传上去的"), h("ul.list", sent.map((s) => h("li", h("a.case", { href: `/c/${s.campaign}/cases/${s.id}` }, h("b", s.title), h("span.small.dim", `${NAMES[s.kind]} · ${s.number} · ${when(s.at)}`)), light("ok", "已收到"))))),
    h("section.sheet.who", h("p", me.name, me.campaigns?.length > 1 && [" · ", h("a", { href: "#choose" }, "换一个行动")]),
      h("form", { method: "post", action: "/signout", onsubmit: signOut }, h("button.btn", { disabled: !online }, "退出登录"))),
  ];
}

async function queueOne(uuid) {
  const r = await record(uuid);
  if (!r || r.account !== me.account) return empty("这条记录不在本机了。", "多半已经传上去，或者删掉了。");
  const f = r.fields, name = (list, key) => list?.find((x) => x.key === key)?.name;
  const facts = [["问题", f.words], ["地点", f.address], ["定位", f.lat !== undefined && `${f.lat.toFixed(5)}, ${f.lon.toFixed(5)}（±${f.accuracy} 米）`], ["类别", f.category], ["严重程度", name(data?.severities, f.severity)],
    ["现场怎样", f.verb && (f.verb === "closed" ? "通过，结案" : "退回整改")], ["结论", name(data?.outcomes, f.outcome)], ["情况", f.text], ["写下", when(r.made)], ["试过", r.tries > 0 && `${r.tries} 次`]].filter(([, v]) => v);
  return h("section.sheet", h("h1", r.title), h("p", stateOf(r)), r.error && h("p.note.bad", r.error),
    r.case && h("div.note", h("p", h("b", `案件 ${r.case.number} 现在：${r.case.step_name}。`), r.case.last), h("p", r.case.step === "responded" ? "看过现在的情况，仍要照您写的办，就点“照我的再办”。" : "您写的没有办，留在本机，看过可以删除。"),
      online && h("p", h("a", { href: `/c/${r.campaign}/cases/${r.case.id}` }, "打开案件"))),
    h("dl.facts", facts.map(([k, v]) => [h("dt", k), h("dd", String(v))])), r.files.length > 0 && h("div.shots", r.files.map((x) => fileView(x))), ways(r));
}

function chooseView() {
  return h("section.sheet", h("h1", "哪项行动"), h("ul.list", (me.campaigns || []).map((c) => h("li", h("a.case", { href: "/field?c=" + c.id }, h("b", c.name))))));
}

async function signOut(e) {
  e.preventDefault();
  const form = e.target, n = (await records(me.account)).length;
  if (n && !window.confirm(`还有 ${n} 条没有上传。退出后仍留在本机，您再登录时接着上传。退出吗？`)) return;
  await leave();
  if (!form.isConnected) { form.hidden = true; document.body.append(form); } // drawn anew meanwhile; a form outside the page goes nowhere
  form.submit();
}

async function view() {
  const [name, id] = (location.hash.slice(1) || "register").split("/");
  if (!me) return online ? empty("请先登录。", h("a", { href: "/signin?to=/field" }, "去登录")) : empty("这台设备上还没有您的数据。", "请在有信号时登录，打开一次这一页。");
  if (!me.campaigns?.length) return empty("您的账号不在任何行动里任职。", "管理员不办案件；应当在名单里的，请联系办公室。");
  if (!me.campaign || name === "choose") return chooseView();
  if (!data) return empty("还没有取到这项行动的数据。", online ? "请稍后再打开。" : "请在有信号时打开一次。");
  return ({ register: registerView, verify: verifyView, near: nearView, queue: queueView }[name] || registerView)(id);
}

// pressed: nothing is drawn anew under a finger, or what it presses is gone before it is lifted.
let pressed = false;
addEventListener("pointerdown", () => { pressed = true; }, true);
for (const up of ["pointerup", "pointercancel"]) addEventListener(up, () => setTimeout(() => { pressed = false; }, 50), true);

// nameOf names what has the focus, so that it has it again after the list was drawn anew.
const nameOf = (el) => `${el.closest("[data-uuid]")?.dataset.uuid} ${el.textContent}`;

async function go() {
  drawn = location.hash;
  const shown = [await view()].flat(), had = byID("view").contains(document.activeElement) && nameOf(document.activeElement);
  fill(byID("view"), shown);
  if (had) [...byID("view").querySelectorAll("a, button")].find((el) => nameOf(el) === had)?.focus();
  await frame();
  document.body.dataset.ready = "1";
}

// lively are the views that change while one looks; a form is never drawn anew under somebody's fingers.
const lively = () => /^#(queue|near$|verify$)/.test(location.hash) || !byID("view").querySelector("form");

// ask sends what is new, and leaves it to the browser for when this page is closed.
async function ask() {
  navigator.serviceWorker?.ready.then((reg) => reg.sync?.register("send")).catch(() => {});
  await send({ now: true, wait: true }).catch(() => {});
}

async function pulse(force) {
  const was = online;
  const why = await refresh();
  if (lively() && !pressed) await go(); else await frame();
  if (!why) await send({ now: force || !was, wait: force }).catch(() => {});
}

// secure: without https there is neither worker nor hash, and nothing could be kept.
const secure = window.isSecureContext && "indexedDB" in window;

async function start() {
  if (!secure) { fill(byID("view"), empty("这一页要用 https 打开，才能存在本机。", h("a", { href: "/" }, "用普通页面登记"))); return; }
  navigator.serviceWorker?.register("/sw.js", { scope: "/field", updateViaCache: "none" }).catch(() => {});
  navigator.storage?.persist?.();
  await recall();
  if (me && data) await go(); // at once, from the device
  await pulse(true);
}

// What changed is drawn some moments later: a piece that is up, a record that is gone, in this tab or another.
// A place that is new asks for what is around it, so that it is here when the signal is gone.
document.addEventListener("fix", async () => {
  const fix = here();
  if (!fix || !online || !me?.campaign || !data || (around && metres(around, fix) < 300)) return;
  around = fix;
  await refreshData();
  if (lively()) await go();
});

let redraw, anew;
async function changed() {
  if (pressed) { redraw = setTimeout(changed, 100); return; }
  const stored = await get("meta", "me");
  if (stored?.account !== me?.account) { await recall(); await go(); return; }
  if (me) me.signedOut = stored.signedOut;
  if (location.hash.startsWith("#queue")) await go(); else await frame();
}
onChange((e) => {
  if (e.file) sending.set(e.file, e.offset);
  if (e.net !== undefined) online = e.net;
  clearTimeout(redraw);
  redraw = setTimeout(changed, 60);
  if (e.gone && online && !document.hidden) { // what went up changes what there is to do
    clearTimeout(anew);
    anew = setTimeout(() => pulse(false), 1500);
  }
});

addEventListener("hashchange", () => { if (location.hash !== drawn) { say(""); go(); byID("main").scrollTo(0, 0); } });
addEventListener("online", () => pulse(true));
addEventListener("offline", () => { online = false; if (lively()) go(); else frame(); });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { rest(); return; }
  if (byID("view").querySelector("form.writing")) look(); // back from the camera
  pulse(false);
});
byID("strip").addEventListener("click", () => { location.hash = "#queue"; });
setInterval(() => pulse(false), 30_000);
start();
