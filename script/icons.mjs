// Writes the icons that the screens use into one SVG sprite, so that a page needs no inline drawings.
import { readFileSync, writeFileSync } from "node:fs";

const icons = {
  overview: "layout-dashboard", tasks: "list-check", gantt: "chart-bar", measures: "target-arrow", bodies: "sitemap",
  people: "users", units: "building", matrix: "table", phases: "timeline", plan: "file-text", checkup: "stethoscope",
  ledger: "history", revise: "file-diff", campaigns: "folders", import: "file-import", accounts: "user-cog", log: "list-search",
  search: "search", menu: "menu-2", print: "printer", excel: "file-spreadsheet", cases: "alert-triangle", orders: "clipboard-text", out: "logout", key: "key", bell: "bell", field: "device-mobile", reports: "calendar-check", calendar: "calendar", indicators: "chart-line", forms: "forms",
};
const body = (name) =>
  readFileSync(`node_modules/@tabler/icons/icons/outline/${name}.svg`, "utf8")
    .replace(/<!--[\s\S]*?-->/g, "").replace(/<svg[^>]*>/, "").replace("</svg>", "").replace(/\s+/g, " ").trim();
const symbols = Object.entries(icons).map(([id, name]) => `<symbol id="${id}" viewBox="0 0 24 24">${body(name)}</symbol>`);
writeFileSync(process.argv[2], `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
