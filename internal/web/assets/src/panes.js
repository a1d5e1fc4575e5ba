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

let quiet = 0; // while a pane is being moved by us, its scroll events say nothing of the reader
function bring(pane, el) {
  if (!pane || !el || within(pane, el)) return;
  quiet = Date.now() + 250;
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
  hits[0].closest("details")?.setAttribute("open", "");
  hits[0].classList.add("sel");
  light(...range(hits[0]));
  bring(reading(), hits[0]);
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

// Scrolling one pane takes the other along.
function firstVisible(pane, list) {
  const top = pane.getBoundingClientRect().top;
  return list.find((el) => el.getBoundingClientRect().bottom > top + 4 && el.offsetParent !== null);
}
let waiting = false;
function follow(e) {
  const s = source(), r = reading();
  if (!s || !r || Date.now() < quiet || waiting || (e.target !== s && e.target !== r)) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (e.target === r) {
      const entry = firstVisible(r, entries().filter((el) => el.dataset.kind !== "finding"));
      const line = entry && lineEl(range(entry)[0]);
      if (line) { quiet = Date.now() + 120; s.scrollTop += line.getBoundingClientRect().top - s.getBoundingClientRect().top - 8; }
    } else {
      const line = firstVisible(s, [...s.querySelectorAll("p[id]")]);
      const n = line && Number(line.id.slice(1));
      const entry = n && entries().find((el) => el.dataset.kind !== "finding" && range(el)[1] >= n && el.offsetParent !== null);
      if (entry) { quiet = Date.now() + 120; r.scrollTop += entry.getBoundingClientRect().top - r.getBoundingClientRect().top - 8; }
    }
  });
}
document.addEventListener("scroll", follow, true);
