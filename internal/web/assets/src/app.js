// What a page does beyond links and forms. Everything also works without this file.
import htmx from "htmx.org/dist/htmx.esm.js";
import "./panes.js";
import "./desk.js";
import "./bell.js";
import { exists, get, leave } from "./field/store.js";

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

// Whoever signs out, or is not who was signed in here before, takes with him what the field page of this device knows.
// What he has not sent stays, for him alone.
async function hand(account) {
  if (!(await exists())) return;
  const me = await get("meta", "me");
  if (me && me.account !== account) await leave();
}
const account = Number(document.body.dataset.account);
if (account) hand(account).catch(() => {});
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (form.getAttribute("action") !== "/signout") return;
  e.preventDefault();
  Promise.race([hand(0), new Promise((on) => setTimeout(on, 1000))]).catch(() => {}).finally(() => form.submit());
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
