// Evaluates an expression's tree against the nodes of a filled-in form. The twin of internal/form/eval.go.
//
// A node is {entry, parent, index, value, irrelevant, kids, off}; kids are the nodes of each item within, in order: one,
// or a repeat's instances.
import { call } from "./functions.js";
import { arithmetic, booleanOf, compare, numberOf } from "./values.js";

export function evaluate(t, m) {
  switch (t.is) {
    case "number": case "literal": return t.value;
    case "ref": return relevantOf(reach(m.at, t.target, new Map()));
    case "path": return path(t, m.at);
    case "column": return m.choice ? [{ value: columnOf(m.choice, t.name) }] : [];
    case "call": return call(t, m);
    case "minus": return -numberOf(evaluate(t.of, m));
    default: return binary(t, m);
  }
}

function binary(t, m) {
  const left = () => evaluate(t.left, m), right = () => evaluate(t.right, m);
  switch (t.op) {
    case "and": return booleanOf(left()) && booleanOf(right());
    case "or": return booleanOf(left()) || booleanOf(right());
    case "+": case "-": case "*": case "div": case "mod": return arithmetic(t.op, numberOf(left()), numberOf(right()));
    default: return compare(t.op, left(), right());
  }
}

function columnOf(choice, name) {
  if (name === "name" || name === "label") return choice[name];
  return choice.columns && Object.hasOwn(choice.columns, name) ? choice.columns[name] : "";
}

function path(t, at) {
  for (let n = t.up; n > 0 && at; n--) at = at.parent;
  if (!at) return [];
  let set = [at];
  for (const name of t.names) set = set.flatMap((n) => n.entry.items.flatMap((e, i) => (e.item.name === name ? n.kids[i] : [])));
  return relevantOf(set);
}

// relevant reports whether a node is asked for: it and everything it stands in.
export function relevant(n) {
  for (; n; n = n.parent) if (n.irrelevant) return false;
  return true;
}
export const relevantOf = (set) => set.filter(relevant);

// reach finds the nodes of an item as seen from a node: within the instances both stand in, all of the others, or the
// one that picks names.
export function reach(from, target, picks) {
  let set = [from], shared = true;
  while (set[0].parent) set = [set[0].parent];
  for (const step of target.way) {
    const repeats = step.item.kind === "repeat";
    if (picks.has(step)) {
      const i = picks.get(step) - 1;
      set = set.flatMap((n) => n.kids[step.order][i] ?? []);
      shared = false;
      continue;
    }
    const mine = shared && within(from, step);
    if (mine && !(repeats && step === target)) { set = [mine]; continue; }
    shared &&= !repeats;
    set = set.flatMap((n) => n.kids[step.order]);
  }
  return set;
}

function within(n, entry) {
  for (; n; n = n.parent) if (n.entry === entry) return n;
  return null;
}
