// Cuts an expression into tokens. The twin of internal/form/token.go, where the rules are explained.
export class ExpressionError extends Error {
  // at counts characters from 1.
  constructor(at, message = "expression") { super(`${at}: ${message}`); this.at = at; }
}

const MOST = 5000, NAME = 64;
const START = "a-zA-Z_\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u00ff\\u4e00-\\u9fa5";
const start = new RegExp(`^[${START}]$`), part = new RegExp(`^[${START}0-9.-]$`);
const name = new RegExp(`^[${START}][${START}0-9.-]*$`);
const closing = { "'": "'", '"': '"', "‘": "’", "“": "”", "’": "’", "”": "”" };
const operands = new Set(["number", "literal", "name", "ref", "dot", "parent", "close"]);

const isSpace = (c) => c === " " || c === "\t" || c === "\n" || c === "\r" || c === "\u00a0" || c === "\u3000";
const isDigit = (c) => c >= "0" && c <= "9";
export const validName = (s) => name.test(s) && [...s].length <= NAME;

export function tokens(text) {
  const chars = Array.from(text), out = [];
  if (chars.length > MOST) throw new ExpressionError(MOST + 1);
  let pos = 0;
  const at = (n) => chars[pos + n] ?? "";
  const run = (from, test) => { let n = 0; while (at(from + n) && test(at(from + n))) n++; return n; };
  const add = (kind, text, n) => { out.push({ kind, text, at: pos + 1 }); pos += n; };
  const slice = (from, to) => chars.slice(pos + from, pos + to).join("");
  const afterOperand = () => out.length > 0 && operands.has(out.at(-1).kind);

  const number = () => {
    let n = run(0, isDigit);
    if (at(n) === ".") n += 1 + run(n + 1, isDigit);
    add("number", slice(0, n), n);
  };
  const word = () => {
    let n = run(0, (c) => part.test(c));
    if (at(n) === ":" && start.test(at(n + 1))) n += 1 + run(n + 1, (c) => part.test(c));
    const text = slice(0, n);
    add(afterOperand() && ["and", "or", "div", "mod"].includes(text) ? "operator" : "name", text, n);
  };
  const reference = () => {
    const n = at(1) === "{" ? run(2, (c) => c !== "}") : -1;
    if (n < 0 || at(2 + n) !== "}") throw new ExpressionError(pos + 1);
    const text = slice(2, 2 + n).trim();
    if (!validName(text)) throw new ExpressionError(pos + 1);
    add("ref", text, n + 3);
  };
  const literal = () => {
    const quote = closing[at(0)], n = run(1, (c) => c !== quote);
    if (at(1 + n) !== quote) throw new ExpressionError(pos + 1);
    add("literal", slice(1, 1 + n), n + 2);
  };
  const sign = (c) => {
    const two = c + at(1);
    if (["!=", "<=", ">="].includes(two)) add("operator", two, 2);
    else if (two === "..") add("parent", two, 2);
    else if ("=<>+-".includes(c) || (c === "*" && afterOperand())) add("operator", c, 1);
    else if ("./(),".includes(c)) add({ ".": "dot", "/": "slash", "(": "open", ")": "close", ",": "comma" }[c], c, 1);
    else throw new ExpressionError(pos + 1);
  };

  while (pos < chars.length) {
    const c = at(0);
    if (isSpace(c)) pos++;
    else if (isDigit(c) || (c === "." && isDigit(at(1)))) number();
    else if (start.test(c)) word();
    else if (c === "$") reference();
    else if (closing[c]) literal();
    else sign(c);
  }
  add("end", "", 0);
  return out;
}
