// The plan's text and what was read from it stand side by side and light each other up.
// Left, every line is #L<n>; right, every entry carries data-from and data-to.
const source = () => document.querySelector("[data-source]");
const reading = () => document.querySelector("[data-reading]");

const lineEl = (n) => document.getElementById("L" + n);
const entries = () => [...document.querySelectorAll("[data-reading] [data-from]")];
const range = (el) => [Number(el.dataset.from), Number(el.dataset.to || el.dataset.from)];

function clear() {
  document.querySelectorAll(".sel").forEach((el) => el.classList.remove("sel"));
}

function within(pane, el) {
  const a = pane.getBoundingClientRect(), b = el.getBoundingClientRect();
  return b.top >= a.top && b.bottom <= a.bottom;
}

// The pane that the reader moves leads; what the other one does meanwhile is our own doing.
let leader = null, until = 0;
function lead(pane, ms) {
  leader = pane;
  until = performance.now() + ms;
}

function bring(pane, el) {
  if (!pane || !el || within(pane, el)) return;
  lead(pane === source() ? reading() : source(), 250);
  pane.scrollTop += el.getBoundingClientRect().top - pane.getBoundingClientRect().top - pane.clientHeight / 3;
}

function light(from, to) {
  for (let n = from; n <= to; n++) lineEl(n)?.classList.add("sel");
}

function pick(entry) {
  clear();
  const [from, to] = range(entry);
  if (!from) return;
  entry.classList.add("sel");
  light(from, to);
  bring(source(), lineEl(from));
}

function pickLine(n) {
  const hits = entries().filter((el) => { const [a, b] = range(el); return a <= n && n <= b; });
  // the narrowest passage is the most telling
  hits.sort((x, y) => (range(x)[1] - range(x)[0]) - (range(y)[1] - range(y)[0]));
  clear();
  lineEl(n)?.classList.add("sel");
  if (!hits.length) return;
  unfold(hits[0]);
  hits[0].classList.add("sel");
  light(...range(hits[0]));
  bring(reading(), hits[0]);
}

function unfold(el) {
  el.closest("details")?.setAttribute("open", "");
}

document.addEventListener("click", (e) => {
  if (!source() || !reading()) return;
  const line = e.target.closest("[data-source] p[id]");
  if (line && !e.target.closest("a.tag")) { e.preventDefault(); pickLine(Number(line.id.slice(1))); return; }
  const entry = e.target.closest("[data-reading] [data-from]");
  if (entry) pick(entry);
});
document.addEventListener("focusin", (e) => {
  const entry = source() && e.target.closest("[data-reading] [data-from]");
  if (entry) pick(entry);
});

// Whoever stored a correction, or opened one, comes back to its place in both panes.
function comeBack() {
  if (!source() || !reading()) return;
  const open = reading().querySelector("form[data-open]");
  const named = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const at = open || named;
  if (!at || !reading().contains(at)) {
    if (named && source().contains(named)) pickLine(Number(named.id.slice(1)));
    return;
  }
  unfold(at);
  bring(reading(), at);
  const entry = at.closest("[data-from]") || at.querySelector("[data-from]");
  if (entry) pick(entry);
  if (at === open) open.querySelector("[aria-invalid], input[type=text], textarea, select").focus({ preventScroll: true });
}
document.addEventListener("DOMContentLoaded", comeBack);
window.addEventListener("hashchange", comeBack);
document.addEventListener("htmx:afterSwap", comeBack);

// Scrolling one pane takes the other along. Findings and changes stand by weight, not by line: they lead nowhere.
const ordered = () => entries().filter((el) => !["finding", "change"].includes(el.dataset.kind) && (el.checkVisibility ? el.checkVisibility() : el.offsetParent !== null));

function atTop(pane, list) {
  const box = pane.getBoundingClientRect();
  const el = list.find((x) => x.getBoundingClientRect().bottom > box.top + 4);
  return el && el.getBoundingClientRect().top < box.top + box.height / 2 ? el : null;
}

// entryAt is what was read at line n, or next after it: the passage that begins closest, the narrowest first.
function entryAt(n) {
  let best = null, score = Infinity;
  for (const el of ordered()) {
    const [from, to] = range(el);
    if (to < n) continue;
    const s = Math.max(0, from - n) * 1000 + (to - from);
    if (s < score) { best = el; score = s; }
  }
  return best;
}

function raise(pane, el) {
  if (el) pane.scrollTop += el.getBoundingClientRect().top - pane.getBoundingClientRect().top - 8;
}

let waiting = false;
function follow(e) {
  const s = source(), r = reading();
  if (!s || !r || (e.target !== s && e.target !== r)) return;
  if (leader && leader !== e.target && performance.now() < until) return;
  lead(e.target, 150);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (leader === r) {
      const entry = atTop(r, ordered());
      if (entry) raise(s, lineEl(range(entry)[0]));
    } else {
      const line = atTop(s, [...s.querySelectorAll("p[id]")]);
      if (line) raise(r, entryAt(Number(line.id.slice(1))));
    }
  });
}
document.addEventListener("scroll", follow, true);
