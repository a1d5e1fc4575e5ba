// The functions an expression may call, as internal/form/function.go has them: [least, most arguments, what it does].
// m is the moment: {at: the node, choice, now: milliseconds}; a is the call with args that evaluate(arg, m).
import { civilAt, dateText, formatMoment, momentIn, nowText, readMoment, utcDaysOf } from "./days.js";
import { matches } from "./pattern.js";
import { evaluate, reach, relevantOf } from "./evaluate.js";
import { booleanOf, cut, numberIn, numberOf, plainNumber, power, round, stringOf, trim } from "./values.js";

const MANY = 20, NODES = 50_000;

export const words = (s) => s.split(/[ \t\n\r]+/).filter(Boolean);

const str = (a, m, i) => stringOf(evaluate(a.args[i], m));
const num = (a, m, i) => numberOf(evaluate(a.args[i], m));
const bool = (a, m, i) => booleanOf(evaluate(a.args[i], m));
const nodes = (a, m, i) => { const v = evaluate(a.args[i], m); return Array.isArray(v) ? v : []; };
const each = (a, m, from) => a.args.slice(from).flatMap((arg) => {
  const v = evaluate(arg, m);
  return Array.isArray(v) ? v.map((n) => n.value) : [v];
});
const strings = (a, m, from) => each(a, m, from).map(stringOf);

function extreme(a, m, of) {
  const all = each(a, m, 0).map(numberOf);
  return all.length === 0 || all.some(Number.isNaN) ? NaN : all.reduce((x, y) => of(x, y));
}

function momentOf(v) {
  if (typeof v === "number") return momentIn(v);
  const text = trim(stringOf(v));
  return readMoment(text) ?? (plainNumber(text) ? momentIn(numberIn(text)) : null);
}

function format(a, m) {
  const moment = momentOf(evaluate(a.args[0], m));
  return moment ? formatMoment(moment, str(a, m, 1)) : "";
}

// placeIn is a place in a text of n characters; a negative one counts from the end.
function placeIn(f, n) {
  if (Number.isNaN(f)) return 0;
  if (f < 0) f = Math.max(0, Math.trunc(f) + n);
  return Math.min(Math.trunc(f), n);
}

function substr(a, m) {
  const text = Array.from(str(a, m, 0)), from = placeIn(num(a, m, 1), text.length);
  const to = a.args.length === 3 ? placeIn(num(a, m, 2), text.length) : text.length;
  return from >= to ? "" : text.slice(from, to).join("");
}

function translate(a, m) {
  const from = Array.from(str(a, m, 1)), to = Array.from(str(a, m, 2)), becomes = new Map();
  from.forEach((c, i) => { if (!becomes.has(c)) becomes.set(c, to[i] ?? ""); });
  return Array.from(str(a, m, 0), (c) => becomes.get(c) ?? c).join("");
}

function indexedRepeat(a, m) {
  const picks = new Map();
  for (let i = 1; i + 1 < a.args.length; i += 2) {
    const f = Math.trunc(num(a, m, i + 1));
    picks.set(a.args[i].target, f >= 1 && f <= NODES ? f : 0);
  }
  return a.args[0].target ? relevantOf(reach(m.at, a.args[0].target, picks)) : [];
}

const table = {
  if: [3, 3, (a, m) => evaluate(a.args[bool(a, m, 0) ? 1 : 2], m)],
  coalesce: [2, 2, (a, m) => str(a, m, 0) || str(a, m, 1)],
  once: [1, 1, (a, m) => m.at?.value || str(a, m, 0)],
  true: [0, 0, () => true],
  false: [0, 0, () => false],
  not: [1, 1, (a, m) => !bool(a, m, 0)],
  boolean: [1, 1, (a, m) => bool(a, m, 0)],
  "boolean-from-string": [1, 1, (a, m) => ["true", "1"].includes(str(a, m, 0))],
  selected: [2, 2, (a, m) => { const want = trim(str(a, m, 1)); return str(a, m, 0).split(" ").includes(want); }],
  "selected-at": [2, 2, (a, m) => { const list = str(a, m, 0).split(" "); return list[Math.trunc(num(a, m, 1))] ?? ""; }],
  "count-selected": [1, 1, (a, m) => words(str(a, m, 0)).length],
  "jr:choice-name": [2, 2, (a, m) => { const want = str(a, m, 0); return a.list?.choices.find((c) => c.name === want)?.label ?? ""; }],
  count: [1, 1, (a, m) => nodes(a, m, 0).length],
  "count-non-empty": [1, 1, (a, m) => nodes(a, m, 0).filter((n) => n.value !== "").length],
  sum: [1, 1, (a, m) => nodes(a, m, 0).reduce((total, n) => total + numberIn(n.value), 0)],
  min: [1, MANY, (a, m) => extreme(a, m, Math.min)],
  max: [1, MANY, (a, m) => extreme(a, m, Math.max)],
  join: [1, MANY, (a, m) => { const rest = strings(a, m, 1); return cut(rest.join(str(a, m, 0))); }],
  concat: [1, MANY, (a, m) => cut(strings(a, m, 0).join(""))],
  position: [1, 1, (a, m) => nodes(a, m, 0)[0]?.index ?? NaN],
  "indexed-repeat": [3, 7, indexedRepeat],
  number: [1, 1, (a, m) => num(a, m, 0)],
  int: [1, 1, (a, m) => Math.trunc(num(a, m, 0))],
  round: [1, 2, (a, m) => round(num(a, m, 0), a.args.length === 2 ? num(a, m, 1) : 0)],
  floor: [1, 1, (a, m) => Math.floor(num(a, m, 0))],
  ceiling: [1, 1, (a, m) => Math.ceil(num(a, m, 0))],
  abs: [1, 1, (a, m) => Math.abs(num(a, m, 0))],
  pow: [2, 2, (a, m) => power(num(a, m, 0), num(a, m, 1))],
  string: [1, 1, (a, m) => str(a, m, 0)],
  "string-length": [1, 1, (a, m) => Array.from(str(a, m, 0)).length],
  substr: [2, 3, substr],
  "substring-before": [2, 2, (a, m) => { const s = str(a, m, 0), i = s.indexOf(str(a, m, 1)); return i < 0 ? "" : s.slice(0, i); }],
  "substring-after": [2, 2, (a, m) => { const s = str(a, m, 0), cut = str(a, m, 1), i = s.indexOf(cut); return i < 0 ? "" : s.slice(i + cut.length); }],
  contains: [2, 2, (a, m) => str(a, m, 0).includes(str(a, m, 1))],
  "starts-with": [2, 2, (a, m) => str(a, m, 0).startsWith(str(a, m, 1))],
  "ends-with": [2, 2, (a, m) => str(a, m, 0).endsWith(str(a, m, 1))],
  "normalize-space": [1, 1, (a, m) => words(str(a, m, 0)).join(" ")],
  translate: [3, 3, translate],
  regex: [2, 2, (a, m) => matches(str(a, m, 0), str(a, m, 1))],
  today: [0, 0, (a, m) => dateText(civilAt(m.now))],
  now: [0, 0, (a, m) => nowText(m.now)],
  date: [1, 1, (a, m) => { const d = momentOf(evaluate(a.args[0], m)); return d ? dateText(d) : ""; }],
  "format-date": [2, 2, format],
  "format-date-time": [2, 2, format],
  "decimal-date-time": [1, 1, (a, m) => {
    const v = evaluate(a.args[0], m);
    if (typeof v === "number") return v;
    const d = readMoment(trim(stringOf(v)));
    return d ? utcDaysOf(d) : NaN;
  }],
};

// arity is [least, most] arguments of a function; undefined for none of ours.
export const arity = (name) => (Object.hasOwn(table, name) ? table[name].slice(0, 2) : undefined);
export const call = (a, m) => table[a.name][2](a, m);
