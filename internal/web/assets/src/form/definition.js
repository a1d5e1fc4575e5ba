// Makes a form of a definition that the server has found to hold: entries, references, the order of calculations. The
// twin of internal/form/compile.go, bind.go and arrange.go; what is wrong with a definition is the server's to say.
//
// An entry is {item, parent, items, order, way, list, relevantIf, requiredIf, readOnlyIf, holds, computed, begins,
// filter, counted, label, hint, requiredText, constraintText}.
import { parse } from "./parse.js";
import { validName } from "./tokens.js";

const YES = ["yes", "true", "true()", "1"], NO = ["no", "false", "false()", "0"];

export function compile(definition) {
  const form = { definition, names: new Map(), lists: new Map((definition.lists ?? []).map((l) => [l.name, l])), steps: [] };
  form.root = { item: { kind: "group", name: "" }, parent: null, order: 0, way: [] };
  enter(form, form.root, definition.items ?? []);
  form.entries = all(form.root);
  for (const e of form.entries) bindAll(form, e);
  form.title = definition.instance_name ? bind(form, form.root, parse(definition.instance_name)) : null;
  arrange(form);
  return form;
}

export const holds = (e) => e.item.kind === "group" || e.item.kind === "repeat";

function enter(form, parent, items) {
  parent.items = items.map((item, order) => {
    const e = { item, parent, order, items: [], list: form.lists.get(item.list) };
    e.way = [...parent.way, e];
    form.names.set(item.name, [...(form.names.get(item.name) ?? []), e]);
    return e;
  });
  for (const e of parent.items) enter(form, e, e.item.items ?? []);
}

const all = (e) => e.items.flatMap((x) => [x, ...all(x)]);

function bindAll(form, e) {
  const read = (text) => (text ? bind(form, e, parse(text)) : null);
  const condition = (text) => {
    const word = (text ?? "").trim().toLowerCase();
    if (YES.includes(word)) return { is: "literal", value: "yes" };
    return NO.includes(word) ? null : read(text);
  };
  const { item } = e;
  e.relevantIf = read(item.relevant);
  e.requiredIf = condition(item.required);
  e.readOnlyIf = condition(item.read_only);
  e.holds = read(item.constraint);
  e.computed = read(item.calculation);
  e.counted = read(item.repeat_count);
  e.filter = read(item.choice_filter);
  e.begins = computedDefault(form, e);
  e.label = template(form, e, item.label);
  e.hint = template(form, e, item.hint);
  e.requiredText = template(form, e, item.required_message);
  e.constraintText = template(form, e, item.constraint_message);
}

// computedDefault is a default that calls a function or asks for an answer.
function computedDefault(form, e) {
  const text = e.item.default;
  if (!text) return null;
  let t;
  try { t = parse(text); } catch { return null; }
  return asks(t) ? bind(form, e, t) : null;
}

const asks = (t) => t.is === "ref" || t.is === "call" || (t.is === "minus" && asks(t.of)) || (t.is === "binary" && (asks(t.left) || asks(t.right)));

// parts are the terms within a term.
const parts = (t) => ({ minus: () => [t.of], binary: () => [t.left, t.right], call: () => t.args })[t.is]?.() ?? [];

// bind finds what the references of an expression mean as seen from an entry.
export function bind(form, e, t) {
  if (t.is === "ref") t.target = find(form, e, t.name);
  if (t.is === "path") t.target = follow(e, t);
  if (t.is === "call" && t.name === "jr:choice-name") {
    const name = /^\$\{(.*)\}$/s.exec((t.args[1].value ?? "").trim())?.[1].trim();
    t.list = form.names.get(name)?.[0].list;
  }
  for (const p of parts(t)) bind(form, e, p);
  return t;
}

function find(form, e, name) {
  const found = form.names.get(name) ?? [];
  if (found.length === 1) return found[0];
  for (let at = e; at; at = at.parent) {
    if (at.item.kind !== "repeat") continue;
    const within = found.filter((x) => x.way.includes(at));
    if (within.length === 1) return within[0];
  }
  throw new Error(`no question ${name}`);
}

function follow(e, t) {
  let target = e;
  for (let n = t.up; n > 0; n--) target = target?.parent;
  for (const name of t.names) target = target?.items.find((x) => x.item.name === name);
  if (!target) throw new Error(`no path at ${t.at}`);
  return target;
}

// template is a text with answers in it: [{text} or {ref}].
function template(form, e, text) {
  const list = [];
  let rest = text ?? "";
  for (let m; (m = /\$\{([^}]*)\}/.exec(rest)); rest = rest.slice(m.index + m[0].length)) {
    const name = m[1].trim();
    if (!validName(name)) throw new Error(`no name ${name}`);
    if (m.index > 0) list.push({ text: rest.slice(0, m.index) });
    list.push({ ref: bind(form, e, { is: "ref", name, at: 0 }) });
  }
  if (rest) list.push({ text: rest });
  return list;
}

// arrange puts what is computed into an order in which each comes after what it needs.
function arrange(form) {
  const by = new Map(), steps = [];
  for (const e of form.entries) {
    const mine = [["repeat_count", e.counted], ["relevant", e.relevantIf], ["calculation", e.computed], ["default", e.computed ? null : e.begins]]
      .filter(([, does]) => does)
      .map(([column, does]) => ({ of: e, column, does }));
    by.set(e, mine);
    steps.push(...mine);
  }
  const placed = new Set();
  const place = (s) => {
    if (placed.has(s)) return;
    placed.add(s);
    needs(s, by).forEach(place);
    form.steps.push(s);
  };
  steps.forEach(place);
}

function needs(s, by) {
  const list = [];
  const add = (e, ...columns) => list.push(...(by.get(e) ?? []).filter((x) => columns.includes(x.column)));
  s.of.way.slice(0, -1).forEach((outer) => add(outer, "repeat_count"));
  if (s.of.item.kind === "repeat" && s.column === "relevant") add(s.of, "repeat_count");
  for (const used of targets(s.does)) {
    if (s.of.way.includes(used) && holds(used)) continue;
    used.way.forEach((outer) => add(outer, "repeat_count", "relevant"));
    add(used, "calculation", "default");
  }
  return list;
}

const targets = (t) => [...(t.target ? [t.target] : []), ...parts(t).flatMap(targets)];
