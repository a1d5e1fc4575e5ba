// Works out what follows from answers: relevance, computed values, defaults, filtered choices, and what is wrong. The
// twin of internal/form/answers.go, fill.go and check.go: the same state to the last character.
import { evaluate } from "./evaluate.js";
import { holds } from "./definition.js";
import { words } from "./functions.js";
import { readMoment } from "./days.js";
import { booleanOf, cut, formatNumber, numberIn, numberOf, plainNumber, stringOf, trim } from "./values.js";

const INSTANCES = 500, ANSWER = 20_000, NODES = 50_000, DIGITS = 15, FILE_NAME = 200;

// fill returns the state of a form (see State in internal/form/fill.go). now is in milliseconds since 1970.
export function fill(form, answers, now = Date.now()) {
  const p = { now, faults: [] };
  const top = nodesOf(form, answers, now, p.faults);
  const fields = fieldsOf(p, top, true);
  return { name: form.title ? stringOf(evaluate(form.title, { at: top, now })) : "", fields, faults: p.faults };
}

// nodesOf makes the nodes of a form with what is computed of them.
export function nodesOf(form, answers, now, faults = []) {
  const b = { faults, made: 0 };
  const top = node(b, null, form.root, 1);
  fillNode(b, top, isAnswers(answers) ? answers : {});
  for (const s of form.steps) run(s, b, top, now);
  return top;
}

// answersOf are what is handed in, or with all everything that was filled in.
export function answersOf(fields, all = false) {
  const a = {};
  for (const f of fields) {
    if ((!f.relevant && !all) || (f.kind === "note" && f.value === "")) continue;
    if (f.kind === "group") a[f.name] = answersOf(f.fields ?? [], all);
    else if (f.kind === "repeat") a[f.name] = (f.instances ?? []).map((one) => answersOf(one.fields ?? [], all));
    else a[f.name] = f.value;
  }
  return a;
}

const isAnswers = (v) => typeof v === "object" && v !== null && !Array.isArray(v);
const say = (b, path, message) => b.faults.push({ path, label: "", message });
const joined = (place, name) => (place ? `${place}/${name}` : name);

// placeOf is where a node stands, for people: household[2]/age.
export function placeOf(n) {
  if (!n.parent) return "";
  const { kind, name } = n.entry.item;
  return joined(placeOf(n.parent), kind === "repeat" ? `${name}[${n.index}]` : name);
}

function node(b, parent, entry, index) {
  b.made++;
  return { entry, parent, index, value: "", irrelevant: false, kids: [], off: [] };
}

function fillNode(b, n, given) {
  n.entry.items.forEach((e, i) => {
    const present = Object.hasOwn(given, e.item.name), v = present ? given[e.item.name] : undefined;
    if (e.item.kind === "repeat") instances(b, n, e, v, present);
    else n.kids[i] = [e.item.kind === "group" ? group(b, n, e, 1, v) : question(b, n, e, v, present)];
  });
  for (const name of Object.keys(given).sort(byCharacter)) {
    if (!n.entry.items.some((e) => e.item.name === name)) say(b, joined(placeOf(n), name || "?"), "这份表单里没有这一题，答案没有采用");
  }
}

const byCharacter = (a, b) => {
  const x = Array.from(a), y = Array.from(b);
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] !== y[i]) return x[i].codePointAt(0) - y[i].codePointAt(0);
  return x.length - y.length;
};

function group(b, parent, e, index, v) {
  const n = node(b, parent, e, index);
  if (!isAnswers(v) && v !== undefined && v !== null) say(b, placeOf(n), "这里是一组题，答案的样子不对");
  fillNode(b, n, isAnswers(v) ? v : {});
  return n;
}

// clean takes out what no XML document can hold.
// eslint-disable-next-line no-control-regex
const clean = (s) => (s.toWellFormed?.() ?? s).replace(/[\u0000-\u0008\u000b-\u001f\u007f\ufffd-\uffff]/g, "");

function textOf(v) {
  if (v === undefined || v === null) return "";
  if (typeof v === "string") return clean(v);
  if (typeof v === "number") return formatNumber(v);
  return typeof v === "boolean" ? String(v) : null;
}

function question(b, parent, e, v, present) {
  const n = node(b, parent, e, 1);
  let text = textOf(v);
  if (text === null) { say(b, placeOf(n), "这里是一道题，答案的样子不对"); text = ""; }
  n.value = e.item.kind === "text" ? text : trim(text);
  n.fresh = !present;
  if (n.fresh && !e.begins) n.value = e.item.default ?? "";
  const whole = n.value;
  n.value = cut(whole);
  if (n.value !== whole) {
    say(b, placeOf(n), `超过 ${ANSWER} 个字，多出的没有采用`);
  }
  return n;
}

function instances(b, parent, e, v, present) {
  const place = joined(placeOf(parent), e.item.name);
  let list = Array.isArray(v) ? v : [];
  if (!Array.isArray(v) && v !== undefined && v !== null) say(b, place, "这里是重复的一组题，答案的样子不对");
  if (!present && !e.counted) list = [undefined];
  if (list.length > INSTANCES || b.made > NODES) say(b, place, `最多 ${INSTANCES} 条，多出的没有采用`);
  list = b.made > NODES ? [] : list.slice(0, INSTANCES);
  const kids = (parent.kids[e.order] = []);
  list.forEach((one, i) => kids.push(group(b, parent, e, i + 1, one)));
}

function run(s, b, top, now) {
  let outer = [top];
  for (const e of s.of.way.slice(0, -1)) outer = outer.flatMap((n) => n.kids[e.order]);
  for (const parent of outer) {
    if (s.of.item.kind === "repeat") { runRepeat(s, b, parent, now); continue; }
    const n = parent.kids[s.of.order][0], m = { at: n, now };
    if (s.column === "relevant") n.irrelevant = !booleanOf(evaluate(s.does, m));
    else if (s.column !== "default" || n.fresh) n.value = storedOf(evaluate(s.does, m));
  }
}

// storedOf is a computed value as an answer: what is no number is no answer.
const storedOf = (v) => (Number.isNaN(v) ? "" : cut(clean(stringOf(v))));

function runRepeat(s, b, parent, now) {
  const e = s.of, v = evaluate(s.does, { at: { entry: e, parent, index: 1, value: "", kids: [] }, now });
  if (s.column === "relevant") {
    parent.off[e.order] = !booleanOf(v);
    for (const n of parent.kids[e.order]) n.irrelevant = parent.off[e.order];
    return;
  }
  let count = Math.trunc(numberOf(v));
  if (!(count >= 0)) count = 0;
  if (count > INSTANCES) {
    say(b, joined(placeOf(parent), e.item.name), `算出要填 ${formatNumber(count)} 条，最多 ${INSTANCES} 条`);
    count = INSTANCES;
  }
  const list = parent.kids[e.order];
  while (list.length < count && b.made <= NODES) list.push(group(b, parent, e, list.length + 1, undefined));
  parent.kids[e.order] = list.slice(0, count);
}

const render = (template, m) => cut(template.map((p) => (p.ref ? stringOf(evaluate(p.ref, m)) : p.text)).join(""));

const fieldsOf = (p, n, asked) => n.entry.items.map((e, i) => (e.item.kind === "repeat" ? repeatField(p, n, e, asked) : field(p, n.kids[i][0], asked)));

function repeatField(p, parent, e, asked) {
  const m = { at: { entry: e, parent, index: 1, value: "", kids: [] }, now: p.now };
  const f = {
    path: joined(placeOf(parent), e.item.name), kind: "repeat", name: e.item.name, label: render(e.label, m), hint: render(e.hint, m), value: "",
    relevant: asked && !parent.off[e.order], required: false, read_only: false,
  };
  const list = parent.kids[e.order].map((n) => field(p, n, asked));
  if (list.length) f.instances = list;
  if (e.counted) f.fixed = true;
  return f;
}

function field(p, n, asked) {
  const e = n.entry, m = { at: n, now: p.now };
  const f = {
    path: placeOf(n), kind: e.item.kind, name: e.item.name, label: render(e.label, m), hint: render(e.hint, m), value: n.value,
    relevant: asked && !n.irrelevant, required: false,
    read_only: Boolean(e.computed) || e.item.kind === "note" || Boolean(e.readOnlyIf && booleanOf(evaluate(e.readOnlyIf, m))),
  };
  if (holds(e)) {
    const inner = fieldsOf(p, n, f.relevant);
    if (inner.length) f.fields = inner;
    return f;
  }
  f.required = Boolean(e.requiredIf && booleanOf(evaluate(e.requiredIf, m)));
  const choices = e.list && e.list.choices.filter((choice) => !e.filter || booleanOf(evaluate(e.filter, { ...m, choice }))).map(({ name, label }) => ({ name, label }));
  if (choices?.length) f.choices = choices;
  if (f.relevant) check(p, n, m, f, choices);
  return f;
}

function check(p, n, m, f, choices) {
  const e = n.entry;
  let message = "";
  if (n.value === "") {
    if (f.required && e.item.kind !== "note") message = render(e.requiredText, m) || "这一题必须填";
  } else {
    message = wrong(e, n.value);
    const outside = !message && choices && chosen(e, n.value).find((name) => !choices.some((c) => c.name === name));
    if (outside) message = `“${outside}”不在可选的选项里，请重新选`;
    else if (!message && e.holds && !booleanOf(evaluate(e.holds, m))) message = render(e.constraintText, m) || "填得不符合要求，请检查";
  }
  if (message) p.faults.push({ path: f.path, label: f.label, message });
}

const chosen = (e, answer) => (e.item.kind === "select_multiple" ? words(answer) : [answer]);
const short = (s) => { const c = Array.from(s); return c.length > 20 ? `${c.slice(0, 20).join("")}…` : s; };
const bytes = (s) => new TextEncoder().encode(s).length;

// wrong says why an answer is not of the item's type; "" where it is.
function wrong(e, answer) {
  switch (e.item.kind) {
    case "integer": return new RegExp(`^-?\\d{1,${DIGITS}}$`).test(answer) ? "" : `“${short(answer)}”不是整数，请写 12 这样的数（最多 ${DIGITS} 位）`;
    case "decimal": return plainNumber(answer) && answer.replace(/^[-0.]+|[-0.]+$/g, "").length <= DIGITS + 1 ? "" : `“${short(answer)}”不是数，请写 12.5 这样的数（最多 ${DIGITS} 位）`;
    case "date": return readMoment(answer) && answer.length === 10 ? "" : `“${short(answer)}”不是日期，请写成 2023-06-28 这样`;
    case "geopoint": return wrongPlace(answer);
    case "image": return /[/\\\n]|^\./.test(answer) || bytes(answer) > FILE_NAME ? `“${short(answer)}”不是照片的文件名，请重新选照片` : "";
    case "select_multiple": {
      const list = words(answer), twice = list.find((name, i) => list.indexOf(name) < i);
      return twice === undefined ? "" : `“${short(twice)}”选了两次，请重新选`;
    }
    default: return "";
  }
}

function wrongPlace(answer) {
  const list = words(answer), top = [90, 180, 100_000, 1_000_000];
  if (list.length < 2 || list.length > 4) return `“${short(answer)}”不是位置，请写“纬度 经度”，如 36.08 111.52`;
  return list.every((part, i) => plainNumber(part) && Math.abs(numberIn(part)) <= top[i]) ? "" : `“${short(answer)}”不是位置：纬度在 -90 到 90 之间，经度在 -180 到 180 之间`;
}
