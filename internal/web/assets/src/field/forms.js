// The three forms: a find, a verification, a note. What is typed is kept at once as a draft; 存下 puts it into the queue.
import { h, fill } from "./dom.js";
import { filesPart, settled } from "./files.js";
import { look, here, why } from "./here.js";
import { keepRecord, forget, record, records } from "./store.js";

const fresh = new WeakSet(); // records that nothing is kept of yet

export function blank(me, kind, fields, title) {
  const r = { uuid: crypto.randomUUID(), account: me.account, campaign: me.campaign.id, kind, state: "draft", title, fields, files: [], made: Date.now(), tries: 0, next: 0, error: "" };
  fresh.add(r);
  return r;
}

// titleOf is what the queue calls a find.
export const titleOf = (r) => (r.fields.words || "").trim().split("\n")[0].slice(0, 40) || "没有写完的登记";

const isEmpty = (r) => !r.files.length && !["words", "address", "text", "category"].some((k) => (r.fields[k] || "").trim());

// begun says when and where a find was begun: at the first key or photograph, not when the page was opened.
function begun(r) {
  r.made = Date.now();
  if (r.fields.found_at) r.fields.found_at = new Date(r.made).toISOString();
  if (r.kind === "register") place(r, true);
}

// place takes the device's fix for the place of a find: the newest while nothing is written, then only a better one.
function place(r, newest) {
  const fix = here(), f = r.fields;
  if (f.typed_only) return;
  if (fix && (newest || f.lat === undefined || fix.accuracy < f.accuracy)) Object.assign(f, { lat: fix.lat, lon: fix.lon, accuracy: fix.accuracy });
  else if (!fix && newest) ["lat", "lon", "accuracy"].forEach((k) => delete f[k]);
}

// keeper writes a draft down at every key; while one is being written, the next waits.
function keeper(r) {
  let kept = !fresh.has(r), writing = null, again = false, stopped = false;
  const now = async (blobs) => {
    if (isEmpty(r) && !blobs) { if (kept) await forget(r); kept = false; return; }
    if (kept && (await record(r.uuid))?.state !== "draft") return; // it is in the queue by now
    if (!kept) begun(r);
    kept = true;
    fresh.delete(r);
    await keepRecord(r, blobs);
  };
  const soon = () => {
    if (stopped) return;
    again = true;
    writing ||= (async () => {
      while (again && !stopped) { again = false; await now(); }
    })().finally(() => { writing = null; });
  };
  return { now, soon, stop: async () => { stopped = true; await writing; } };
}

// enqueue puts a draft into the queue.
async function enqueue(r, k, then) {
  await settled();
  await k.stop();
  Object.assign(r, { state: "waiting", error: "", next: 0, tries: 0 });
  await keepRecord(r);
  then(r);
}

function field(label, input, fault) {
  return h("label.field", h("span", label), input, fault);
}

function text(r, k, name, attrs) {
  return h(attrs.rows ? "textarea" : "input", { name, value: r.fields[name] || "", autocomplete: "off", ...(attrs.rows ? {} : { type: "text" }), ...attrs,
    oninput: (e) => { r.fields[name] = e.target.value; if (name === "words") r.title = titleOf(r); k.soon(); e.target.dispatchEvent(new Event("kept", { bubbles: true })); } });
}

function choice(r, k, name, legend, options, then) {
  return h("fieldset.choice", h("legend", legend), h("div.seg", options.map((o) => h("label", h("input", { type: "radio", name, value: o.key, checked: r.fields[name] === o.key,
    onchange: () => { r.fields[name] = o.key; k.soon(); then?.(); } }), h("span", o.name)))));
}

// faults shows what is missing beside its field, and goes to the first.
function faults(form, list) {
  form.querySelectorAll(".err[data-for]").forEach((el) => { el.textContent = ""; });
  form.querySelectorAll("[aria-invalid]").forEach((el) => el.removeAttribute("aria-invalid"));
  for (const [name, message] of list) {
    const place = form.querySelector(`.err[data-for=${name}]`);
    if (place) place.textContent = message;
    form.querySelector(`[name=${name}]`)?.setAttribute("aria-invalid", "true");
  }
  if (list.length) form.querySelector(`[name=${list[0][0]}]`)?.focus();
  return list.length === 0;
}
const fault = (name) => h("span.err", { "data-for": name, role: "alert" });

// placePart keeps where somebody stands beside what he types.
function placePart(r, k) {
  const line = h("span.fix");
  const draw = () => {
    if (isEmpty(r)) place(r, true);
    else if (Date.now() - r.made < 5 * 60_000) place(r, false);
    const f = r.fields;
    if (f.lat !== undefined) fill(line, h("span.light.ok", `定位 ±${f.accuracy} 米`), h("button.link", { type: "button", onclick: () => { delete f.lat; delete f.lon; f.typed_only = true; k.soon(); draw(); } }, "不用定位"));
    else if (f.typed_only) fill(line, h("span.light.idle", "不用定位"), h("button.link", { type: "button", onclick: () => { delete f.typed_only; look(); draw(); } }, "用定位"));
    else fill(line, h("span.light.idle", why() ? why() + "，请写地点" : "正在定位……"));
  };
  draw();
  document.addEventListener("fix", () => { if (line.isConnected) draw(); });
  return h("div.field", h("label", h("span", "哪里"), text(r, k, "address", { placeholder: "如：滨河路中段、3 号楼东侧", maxLength: 200 })), line, fault("address"));
}

// pairs are the overlapping pairs of characters of a text: two characters are enough to find something.
const pairs = (text) => [...text].slice(0, -1).map((c, i) => c + [...text][i + 1]).filter((p) => !/[\s，。、；：,.]/.test(p));

// fitting are the categories whose name, or a task in which, shares pairs with a text; the best first.
function fitting(categories, text) {
  const wanted = [...new Set(pairs(text))];
  const score = (c) => wanted.reduce((n, p) => n + (c.name.includes(p) ? 3 : c.words.some((w) => w.includes(p)) ? 1 : 0), 0);
  return categories.map((c) => [score(c), c]).filter(([n]) => n > 0).sort((a, b) => b[0] - a[0]).map(([, c]) => c);
}

// categoryPart offers what fits the words, and finds the others by two characters.
function categoryPart(r, k, categories) {
  let all = false;
  const hits = h("div.hits", { "aria-live": "polite" });
  const input = h("input", { type: "search", name: "category_find", placeholder: "打两个字查，如：井盖、绿化", autocomplete: "off", "aria-label": "查类别", oninput: () => draw() });
  const take = (name) => { r.fields.category = r.fields.category === name ? "" : name; input.value = ""; k.soon(); draw(); };
  const chip = (c) => h("button.chip", { type: "button", "aria-pressed": String(r.fields.category === c.name), onclick: () => take(c.name) }, c.name);
  const draw = () => {
    const asked = input.value.trim();
    const chosen = categories.find((c) => c.name === r.fields.category);
    const fit = fitting(categories, asked || r.fields.words || "").slice(0, 3);
    const few = [...new Set([chosen, ...fit, ...(asked || fit.length ? [] : categories.slice(0, 3))])].filter(Boolean);
    fill(hits, (all ? categories : few).map(chip), asked && !fit.length && h("span.dim", `没有和“${asked}”有关的类别，可以不选，办公室会定`),
      !all && h("button.chip", { type: "button", onclick: () => { all = true; draw(); } }, "更多……"),
      chosen?.photos && h("p.small.dim", "这一类整改后要交照片，先拍清楚现在的样子，好作对照。"));
  };
  draw();
  return Object.assign(h("div.field", h("span.label", "类别"), input, hits), { draw });
}

export function registerForm(me, data, r, { stored, again }) {
  const k = keeper(r);
  look();
  const category = categoryPart(r, k, data.categories);
  const form = h("form.sheet.writing", { noValidate: true, onsubmit: (e) => { e.preventDefault(); check() && enqueue(r, k, stored); } },
    h("h1", "登记问题"),
    filesPart(r, k.now, { most: data.files, photoBytes: data.photo_bytes }),
    placePart(r, k),
    h("label.field", h("span", "什么问题"), text(r, k, "words", { rows: 2, placeholder: "如：井盖缺失，旁边没有围挡", maxLength: 5000 }), fault("words")),
    category,
    choice(r, k, "severity", "要紧吗", data.severities),
    h("div.do", h("button.btn.go.big", "存下"), h("button.btn.half", { type: "button", onclick: async () => { await k.now(); again(); } }, "先放着，另写一条")));
  form.addEventListener("kept", (e) => { if (e.target.name === "words") category.draw(); });
  const check = () => faults(form, [
    !(r.fields.address || "").trim() && r.fields.lat === undefined && ["address", "没有定位，请写地点"],
    !(r.fields.words || "").trim() && ["words", "请写看到的问题"],
  ].filter(Boolean)) && (r.title = titleOf(r));
  return form;
}

export function verifyForm(me, data, c, r, { stored }) {
  const k = keeper(r);
  look();
  const outcomes = h("div");
  const draw = () => {
    const closing = r.fields.verb === "closed";
    fill(outcomes, closing && choice(r, k, "outcome", "结论", data.outcomes), closing && fault("outcome"));
  };
  const form = h("form.writing", { noValidate: true, onsubmit: (e) => { e.preventDefault(); check() && enqueue(r, k, stored); } },
    h("h2", "核查"),
    choice(r, k, "verb", "现场怎样", [{ key: "closed", name: "通过，结案" }, { key: "sent_back", name: "退回整改" }], draw), fault("verb"),
    outcomes,
    h("label.field", h("span", "现场情况"), text(r, k, "text", { rows: 2, placeholder: "如：已补植三株，树池清过", maxLength: 2000 }), fault("text")),
    filesPart(r, k.now, { most: data.files, photoBytes: data.photo_bytes }),
    h("div.do", h("button.btn.go.big", "存下")));
  const check = () => {
    const f = r.fields, words = (f.text || "").trim();
    return faults(form, [
      !f.verb && ["verb", "请选通过还是退回"],
      f.verb === "closed" && !f.outcome && ["outcome", "请选结论"],
      f.verb === "sent_back" && !words && ["text", "退回要写理由，单位看得到"],
      f.verb === "closed" && f.outcome && f.outcome !== "fixed" && !words && ["text", "这个结论要写明情况"],
    ].filter(Boolean));
  };
  draw();
  return form;
}

export function noteForm(me, data, c, r, { stored }) {
  const k = keeper(r);
  look();
  const form = h("form.writing", { noValidate: true, onsubmit: (e) => { e.preventDefault(); faults(form, (r.fields.text || "").trim() ? [] : [["text", "请写补充的情况"]]) && enqueue(r, k, stored); } },
    h("h2", "补充说明"),
    h("label.field", h("span", "看到什么"), text(r, k, "text", { rows: 2, placeholder: "如：今天又多了两堆", maxLength: 2000 }), fault("text")),
    filesPart(r, k.now, { most: data.files, photoBytes: data.photo_bytes }),
    h("div.do", h("button.btn.go.big", "存下")));
  return form;
}

// draftOf finds what was begun: the newest find, or what belongs to a case.
export async function draftOf(me, kind, caseID) {
  return (await records(me.account)).findLast((r) => r.campaign === me.campaign.id && r.kind === kind && r.state === "draft" && (caseID === undefined || r.fields.case === caseID));
}
