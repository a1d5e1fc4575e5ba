// h makes an element: h("p.note", {hidden: true}, "text", child). Nothing here ever becomes markup from text.
export function h(what, ...rest) {
  const [tag, ...classes] = what.split(".");
  const el = document.createElement(tag || "div");
  if (classes.length) el.className = classes.join(" ");
  for (const x of rest.flat(Infinity)) {
    if (x === null || x === undefined || x === false || x === "") continue;
    if (typeof x === "string" || typeof x === "number") el.append(String(x));
    else if (x instanceof Node) el.append(x);
    else for (const [k, v] of Object.entries(x)) set(el, k, v);
  }
  return el;
}

function set(el, k, v) {
  if (v === undefined || v === null || v === false) return;
  if (k.startsWith("on")) el.addEventListener(k.slice(2), v);
  else if (k in el && k !== "list" && k !== "role" && !k.startsWith("aria")) el[k] = v;
  else el.setAttribute(k, v === true ? "" : v);
}

export const fill = (el, ...children) => el.replaceChildren(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== "").map((c) => (c instanceof Node ? c : String(c))));
export const byID = (id) => document.getElementById(id);

export function size(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export function when(t) {
  const d = new Date(t);
  return `${d.getMonth() + 1}月${d.getDate()}日 ${String(d.getHours()).padStart(2, "0")}:${String(d.getMinutes()).padStart(2, "0")}`;
}

// light is a shape and a word; colour comes last.
export const light = (state, word) => h("span.light." + state, word);
