// Reads an expression into a tree. The twin of internal/form/parse.go, where the grammar is explained.
//
//   {is: "number", value} {is: "literal", value} {is: "ref", name, at} {is: "path", up, names, at, current}
//   {is: "column", name, at} {is: "call", name, args, at} {is: "binary", op, left, right} {is: "minus", of}
import { tokens, ExpressionError } from "./tokens.js";
import { arity } from "./functions.js";

const LEVELS = [["or"], ["and"], ["=", "!="], ["<", "<=", ">", ">="], ["+", "-"], ["*", "div", "mod"]];
const NESTING = 60;

export function parse(text) {
  const list = tokens(text);
  let pos = 0, depth = 0;
  const next = () => list[pos];
  const take = () => (next().kind === "end" ? next() : list[pos++]);
  const operator = (among) => next().kind === "operator" && among.includes(next().text);
  const fail = (at) => { throw new ExpressionError(at); };

  function binary(level) {
    if (level === LEVELS.length) return unary();
    let left = binary(level + 1);
    while (operator(LEVELS[level])) {
      const op = take().text;
      left = { is: "binary", op, left, right: binary(level + 1) };
    }
    return left;
  }
  function unary() {
    let minus = 0;
    while (operator(["-"])) { take(); minus++; }
    let t = primary();
    for (let n = Math.min(minus, 2 - (minus % 2)); n > 0; n--) t = { is: "minus", of: t };
    return t;
  }
  function primary() {
    const t = take();
    switch (t.kind) {
      case "number": return { is: "number", value: Number(t.text) };
      case "literal": return { is: "literal", value: t.text };
      case "ref":
        if (next().kind === "slash") fail(next().at);
        return { is: "ref", name: t.text, at: t.at };
      case "dot": case "parent":
        pos--;
        return path({ is: "path", up: 0, names: [], at: t.at, current: false });
      case "open": return inner(t);
      case "name": return named(t);
      default: return fail(t.at);
    }
  }
  function inner(open) {
    if (++depth > NESTING) fail(open.at);
    const t = binary(0);
    if (next().kind !== "close") fail(open.at);
    take();
    depth--;
    return t;
  }
  function named(t) {
    if (next().kind !== "open") return { is: "column", name: t.text, at: t.at };
    const open = take();
    if (++depth > NESTING) fail(t.at);
    const args = argumentsOf(open);
    depth--;
    if (t.text === "current" && args.length === 0) {
      if (next().kind !== "slash") fail(t.at);
      take();
      return path({ is: "path", up: 0, names: [], at: t.at, current: true });
    }
    const [min, max] = arity(t.text) ?? fail(t.at);
    if (args.length < min || args.length > max) fail(t.at);
    return { is: "call", name: t.text, args, at: t.at };
  }
  function argumentsOf(open) {
    const args = [];
    if (next().kind === "close") { take(); return args; }
    for (;;) {
      args.push(binary(0));
      const t = take();
      if (t.kind === "close") return args;
      if (t.kind !== "comma") fail(t.kind === "end" ? open.at : t.at);
    }
  }
  function path(to) {
    for (;;) {
      const t = take();
      if (t.kind === "parent" && to.names.length === 0) to.up++;
      else if (t.kind === "name" && next().kind !== "open") to.names.push(t.text);
      else if (t.kind !== "dot") fail(Math.max(t.at, to.at));
      if (next().kind !== "slash") return to;
      take();
    }
  }

  if (next().kind === "end") fail(1);
  const t = binary(0);
  if (next().kind !== "end") fail(next().at);
  return t;
}
