// The part of regular expressions that Go, JavaScript and Java share. The twin of internal/form/pattern.go.
const MOST = 500;
const known = new Map();

// matches reports whether the whole of s matches; nothing matches a pattern that is none.
export function matches(s, pattern) {
  if (!known.has(pattern)) {
    if (known.size >= 500) known.clear();
    known.set(pattern, compile(pattern));
  }
  return known.get(pattern)?.test(s) ?? false;
}

function compile(pattern) {
  const text = translate(Array.from(pattern));
  if (text === null) return null;
  try {
    return new RegExp(`^(?:${text})$`, "u");
  } catch {
    return null;
  }
}

// translate checks a pattern and writes it for RegExp with u; null where it is not of the part that is shared.
function translate(chars) {
  if (chars.length > MOST) return null;
  let pos = 0, depth = 0, inClass = false, anchored = false, several = false, out = "";
  const rest = (n) => chars.slice(pos, pos + n).join("");

  const escape = () => {
    const c = chars[pos + 1];
    if (c === undefined) return false;
    pos += 2;
    anchored = c === "b" || c === "B";
    several = "dDwWsp".includes(c);
    if ("dDwWnrtfs".includes(c) || (c === "S" && !inClass) || (anchored && !inClass)) out += `\\${c}`;
    else if (c === "u" && /^[0-9a-f]{4}$/i.test(rest(4)) && !/^d[89a-f]/i.test(rest(4))) { out += `\\u${rest(4)}`; pos += 4; }
    else if (c === "p") {
      const m = /^\{(L|N|Lu|Ll)\}/.exec(rest(4));
      if (!m) return false;
      out += `\\p${m[0]}`;
      pos += m[0].length;
    } else if ("\\^$.|?*+()[]{}/".includes(c)) out += `\\${c}`;
    else if (c === "-") out += inClass ? "\\-" : "-";
    else if ("&~!@#%:;,=<>_'\" ".includes(c)) out += c;
    else return false;
    return true;
  };
  const member = (c) => {
    if (c === "[") return false;
    if (c === "]") inClass = false;
    if (c === "-" && several && pos < chars.length && chars[pos] !== "]") return false;
    several = false;
    out += c;
    return true;
  };
  const count = () => {
    const m = /^(\d+)(,(\d*))?\}/.exec(chars.slice(pos).join(""));
    if (!m) return false;
    const from = Number(m[1]), to = m[3] ? Number(m[3]) : from;
    if (to < from || to > 1000) return false;
    out += `{${m[0]}`;
    pos += m[0].length;
    return true;
  };
  const next = () => {
    const c = chars[pos];
    if (c === "\\") return escape();
    pos++;
    if (inClass) return member(c);
    if (anchored && "*+?{".includes(c)) return false;
    anchored = c === "^" || c === "$";
    switch (c) {
      case "[":
        inClass = true;
        several = false;
        out += "[";
        if (chars[pos] === "^") { out += "^"; pos++; }
        return chars[pos] !== "]";
      case "(":
        depth++;
        out += "(";
        if (chars[pos] !== "?") return true;
        out += "?:";
        pos += 2;
        return chars[pos - 1] === ":";
      case ")":
        out += ")";
        return --depth >= 0;
      case "{": return count();
      case "}": case "]": return false;
      default:
        out += c;
        return true;
    }
  };
  while (pos < chars.length) if (!next()) return null;
  return inClass || depth > 0 ? null : out;
}
