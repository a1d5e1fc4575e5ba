// What a page does beyond links and forms. Everything also works without this file.
import htmx from "htmx.org/dist/htmx.esm.js";
import "./panes.js";
import "./desk.js";
import "./bell.js";

htmx.config.includeIndicatorStyles = false; // the content security policy allows no inline style
htmx.config.allowEval = false;

// "/" goes to the search field, wherever one is.
document.addEventListener("keydown", (e) => {
  const typing = e.target.closest("input, textarea, select, [contenteditable]");
  if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey) {
    const find = [...document.querySelectorAll("[data-find]")].find((el) => el.offsetParent !== null);
    if (find) { e.preventDefault(); find.focus(); find.select(); }
  }
});

// Escape closes the menu, and so does a click beside it.
function closeMenu(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu.contains(except)) continue;
    menu.open = false;
    if (menu.contains(document.activeElement) || !except) menu.querySelector("summary").focus();
  }
}
document.addEventListener("keydown", (e) => { if (e.key === "Escape") closeMenu(null); });
document.addEventListener("click", (e) => closeMenu(e.target));

// A form that asks before it goes.
document.addEventListener("submit", (e) => {
  const ask = e.target.dataset.confirm;
  if (ask && !window.confirm(ask)) e.preventDefault();
}, true);

document.addEventListener("click", (e) => {
  if (e.target.closest("[data-print]")) window.print();
});

// One row of the checking screen is swapped; refusals come back as pages and are shown in its place.
document.addEventListener("htmx:beforeSwap", (e) => {
  if (e.detail.xhr.status >= 400 && e.detail.target.id !== "alike") {
    const page = new DOMParser().parseFromString(e.detail.xhr.responseText, "text/html");
    const why = page.querySelector("[data-error]");
    window.alert(why ? why.textContent.trim() : "没有存下，请刷新页面再试。");
    e.detail.shouldSwap = false;
  }
});
