// What expressions come to, and how one kind becomes another (XPath 1.0, 3.4 and 4). The twin of internal/form/value.go.
// A value is a string, a number, a boolean, or an array of nodes ({value, index, …}).
import { readMoment, daysOf } from "./days.js";

export function stringOf(v) {
  if (typeof v === "string") return v;
  if (typeof v === "number") return formatNumber(v);
  if (typeof v === "boolean") return String(v);
  return v.length ? v[0].value : "";
}

// formatNumber writes a number without an exponent, and a zero without a sign.
export function formatNumber(n) {
  if (n === 0) return "0";
  const text = String(n);
  const m = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!m) return text;
  const [, sign, whole, fraction = "", exponent] = m, e = Number(exponent);
  const digits = whole + fraction;
  if (e < 0) return `${sign}0.${"0".repeat(-e - 1)}${digits}`;
  return sign + digits.padEnd(e + 1, "0");
}

export const plainNumber = (s) => /^-?([0-9]+\.?[0-9]*|\.[0-9]+|\.)$/.test(s) && /[0-9]/.test(s);
// cut leaves the first 20,000 characters of a text: what is computed of long answers would double and double again.
export function cut(s) {
  if (s.length <= 20_000) return s;
  const chars = Array.from(s);
  return chars.length <= 20_000 ? s : chars.slice(0, 20_000).join("");
}

export const trim = (s) => s.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");

export function numberIn(s) {
  s = trim(s);
  if (plainNumber(s)) return Number(s);
  const m = readMoment(s);
  return m ? daysOf(m) : NaN;
}

export function numberOf(v) {
  if (typeof v === "number") return v;
  if (typeof v === "boolean") return v ? 1 : 0;
  return numberIn(stringOf(v));
}

export function booleanOf(v) {
  if (typeof v === "boolean") return v;
  if (typeof v === "number") return v !== 0 && !Number.isNaN(v);
  return v.length > 0; // characters, or nodes
}

// compare asks of nodes whether some node compares so; no node compares as an empty answer.
export function compare(op, a, b) {
  [a, b] = [a, b].map((v) => (Array.isArray(v) && v.length === 0 ? "" : v));
  if (Array.isArray(a) && typeof b !== "boolean") return a.some((n) => compare(op, n.value, b));
  if (Array.isArray(b) && typeof a !== "boolean") return b.some((n) => compare(op, a, n.value));
  if (op === "=") return equal(a, b);
  if (op === "!=") return !equal(a, b);
  const [x, y] = [a, b].map((v) => numberOf(Array.isArray(v) ? v.length > 0 : v));
  switch (op) {
    case "<": return x < y;
    case "<=": return x <= y;
    case ">": return x > y;
    default: return x >= y;
  }
}

function equal(a, b) {
  if (typeof a === "boolean" || typeof b === "boolean") return booleanOf(a) === booleanOf(b);
  if (typeof a === "number" || typeof b === "number") return numberOf(a) === numberOf(b);
  return stringOf(a) === stringOf(b);
}

export function arithmetic(op, x, y) {
  switch (op) {
    case "+": return x + y;
    case "-": return x - y;
    case "*": return x * y;
    case "div": return x / y;
    default: return x % y;
  }
}

// power is computed as the server does: whole powers by multiplying, others cut to fourteen digits.
export function power(x, y) {
  if (Number.isInteger(y) && Math.abs(y) <= 1024) {
    let result = 1;
    for (let n = Math.abs(y); n > 0; n = Math.floor(n / 2)) {
      if (n % 2 === 1) result *= x;
      x *= x;
    }
    return y < 0 ? 1 / result : result;
  }
  const p = Math.pow(x, y);
  return Number.isFinite(p) ? Number(p.toPrecision(14)) : p;
}

// round sends a half up. After the point it rounds the number as it is written: 1.005 to two digits is 1.01.
export function round(x, digits) {
  if (Number.isNaN(digits)) return NaN;
  const d = Math.max(-15, Math.min(15, Math.trunc(digits))), p = Number(`1e${Math.abs(d)}`);
  return d >= 0 ? roundWritten(x, d) : Math.floor(x / p + 0.5) * p;
}

function roundWritten(x, d) {
  const [whole, part = ""] = formatNumber(Math.abs(x)).split(".");
  if (part.length <= d) return x;
  const rest = part.slice(d), up = rest[0] > "5" || (rest[0] === "5" && (x > 0 || /[1-9]/.test(rest.slice(1))));
  let kept = whole + part.slice(0, d);
  if (up) kept = oneMore(kept);
  return Number(`${kept.slice(0, kept.length - d)}.${kept.slice(kept.length - d)}`) * (x < 0 ? -1 : 1);
}

// oneMore is the next number, of its digits.
function oneMore(digits) {
  const nines = /9*$/.exec(digits)[0].length, at = digits.length - nines - 1;
  if (at < 0) return `1${"0".repeat(nines)}`;
  return digits.slice(0, at) + String(Number(digits[at]) + 1) + "0".repeat(nines);
}
