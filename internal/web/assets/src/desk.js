// The intake desk by keyboard: j and k go through the list, 1 to 3 take a suggested unit, Enter hands out, o opens.
const typing = (el) => el.closest("input, textarea, select, [contenteditable]");

function go(step) {
  const links = [...document.querySelectorAll("[data-desk] .queue a")];
  const here = links.findIndex((a) => a.getAttribute("aria-current"));
  const next = links[here + step];
  if (next) next.click();
}

function take(button) {
  const input = button.closest("form").querySelector("input[name=unit]");
  input.value = button.dataset.unit;
  const basis = button.closest("form").querySelector("select[name=basis]");
  if (basis && button.dataset.basis) basis.value = button.dataset.basis;
  input.focus();
}

document.addEventListener("click", (e) => {
  const button = e.target.closest("[data-unit]");
  if (button) take(button);
  const link = e.target.closest("[data-do]");
  const form = link && document.getElementById(link.dataset.do);
  if (form) {
    form.open = true;
    const first = form.querySelector("input:not([type=hidden]), textarea, select, button");
    if (first) { e.preventDefault(); form.scrollIntoView({ block: "center" }); first.focus(); }
  }
});

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || !document.querySelector("[data-desk]") || typing(e.target)) return;
  if (e.key === "j") go(1);
  if (e.key === "k") go(-1);
  if (e.key === "o") document.querySelector("[data-open]")?.click();
});

// A number takes its unit when it comes up again, so that it is not typed into the field that has the focus then.
document.addEventListener("keyup", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || !/^[1-9]$/.test(e.key) || typing(e.target)) return;
  const hint = document.querySelector(`[data-desk] ~ * [data-hint="${e.key}"]`);
  if (hint) take(hint);
});

// After a step the open case's place in the list is in sight.
document.querySelector("[data-desk] [aria-current]")?.scrollIntoView({ block: "nearest" });
