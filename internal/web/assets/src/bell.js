// The bell's count, live. Without this file it is a link with the number as of the page. A browser opens only six lines
// to a server, so a page that nobody looks at has none.
const bell = document.querySelector("[data-bell]");
let line = null;

function show(n) {
  const badge = bell.querySelector("b");
  badge.textContent = n > 99 ? "99+" : String(n);
  badge.hidden = n === 0;
  bell.querySelector("[data-of]").textContent = n === 0 ? "没有未读" : "条未读";
}

function follow() {
  if (document.hidden) {
    line?.close();
    line = null;
  } else if (!line) {
    line = new EventSource(bell.dataset.bell);
    line.onmessage = (e) => show(Number(e.data));
  }
}

if (bell) {
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", () => { line?.close(); line = null; });
  window.addEventListener("pageshow", follow);
  follow();
}

// A button that copies the field it names; without clipboard there is none.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = "已复制";
  });
}
