// A form that is filled in, while somebody types: what follows from the answers shows at once. The server says the same
// when the page is posted, and works without this file. What is not asked for stands in templates; it is not sent until
// it was asked for once, so that its default holds.
import { compile, fill } from "./form/index.js";

const page = document.querySelector("form.fill[data-definition]");

// unfold takes what is not asked for out of its templates, hidden.
function unfold() {
  const kept = new Set();
  const take = () => page.querySelectorAll("[data-kept]").forEach((span) => {
    span.querySelectorAll("input").forEach((x) => kept.add(x.name));
    span.remove();
  });
  take();
  for (let t; (t = page.querySelector("template[data-at]")); take()) {
    const div = document.createElement("div");
    div.dataset.at = t.dataset.at;
    div.hidden = true;
    div.append(t.content);
    t.replaceWith(div);
  }
  for (const x of page.querySelectorAll("[data-at][hidden] :is(input, select, textarea)")) x.disabled = !kept.has(x.name);
}

// answers reads the page as the server does: see posted in internal/web/fill.go.
function answers(items, place, sent) {
  const a = {};
  for (const item of items) {
    const at = place ? `${place}/${item.name}` : item.name;
    if (item.kind === "group") a[item.name] = answers(item.items ?? [], at, sent);
    else if (item.kind === "repeat") {
      if (!sent.has(`n:${at}`)) continue;
      a[item.name] = Array.from({ length: Number(sent.get(`n:${at}`)) }, (_, i) => answers(item.items ?? [], `${at}[${i + 1}]`, sent));
    } else {
      const file = sent.get(`file:${at}`);
      if (file?.name) a[item.name] = file.name;
      else if (sent.has(`q:${at}`)) a[item.name] = sent.getAll(`q:${at}`).filter((x) => x !== "").join(" ");
    }
  }
  return a;
}

// byPath lists the fields of a state by their path.
function byPath(fields, all = new Map()) {
  for (const f of fields) {
    all.set(f.path, f);
    byPath(f.fields ?? [], all);
    for (const one of f.instances ?? []) byPath([one], all);
  }
  return all;
}

// offer shows the choices that a filter lets through, and says whether they changed.
function offer(at, f, choices) {
  const name = `q:${f.path}`;
  const select = at.querySelector(`select[name="${CSS.escape(name)}"]`);
  const now = select ? [...select.options].slice(1).map((o) => o.value) : [...at.querySelectorAll(".tick input")].map((x) => x.value);
  if (now.join(" ") === choices.map((c) => c.name).join(" ")) return false;
  if (select) {
    select.replaceChildren(select.options[0], ...choices.map((c) => new Option(c.label, c.name, false, c.name === f.value)));
    return true;
  }
  at.querySelectorAll(".tick").forEach((x) => x.remove());
  const ticks = choices.map((c) => {
    const label = Object.assign(document.createElement("label"), { className: "tick" });
    const x = Object.assign(document.createElement("input"), { type: f.kind === "select_one" ? "radio" : "checkbox", name, value: c.name });
    x.checked = f.value.split(" ").includes(c.name);
    label.append(x, ` ${c.label}`);
    return label;
  });
  at.querySelector("input[type=hidden]").after(...ticks);
  return true;
}

// show brings the page to a state. It says whether choices changed: what was chosen may be gone with them.
function show(state, touched) {
  let changed = false;
  const fields = byPath(state.fields);
  const wrong = new Map(state.faults.map((f) => [f.path, f.message]));
  for (const at of page.querySelectorAll("[data-at]")) {
    const f = fields.get(at.dataset.at);
    if (!f) continue;
    at.hidden = !f.relevant;
    if (f.kind.startsWith("select_") && offer(at, f, f.choices ?? [])) changed = true;
  }
  for (const x of page.querySelectorAll(":is(input, select, textarea):disabled")) x.disabled = x.closest("[data-at][hidden]") !== null;
  for (const x of page.querySelectorAll("[data-label]")) x.textContent = fields.get(x.dataset.label)?.label || x.textContent;
  for (const x of page.querySelectorAll("[data-value]")) x.textContent = fields.get(x.dataset.value)?.value ?? "";
  for (const x of page.querySelectorAll("[data-why]")) {
    if (!touched.has(x.dataset.why) && x.textContent === "") continue;
    x.textContent = wrong.get(x.dataset.why) ?? "";
    const answer = document.getElementById(`a-${x.dataset.why}`);
    if (x.textContent) answer?.setAttribute("aria-invalid", "true");
    else answer?.removeAttribute("aria-invalid");
  }
  return changed;
}

async function begin() {
  const got = await fetch(page.dataset.definition, { headers: { Accept: "application/json" } });
  if (!got.ok) return;
  const form = compile(await got.json());
  const touched = new Set();
  unfold();
  const update = () => {
    for (let n = 0; n < 8 && show(fill(form, answers(form.definition.items, "", new FormData(page))), touched); n++);
  };
  page.addEventListener("change", (e) => {
    touched.add(e.target.name.replace(/^(q|file):/, ""));
    update();
  });
  page.addEventListener("input", update);
  update();
  page.dataset.ready = "1";
}

if (page) begin().catch((e) => console.warn("fill", e)); // the page works by posting
