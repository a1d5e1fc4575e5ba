// The map of the cases. The server decides what a window shows: single cases, or squares with how many.
import { map as newMap, tileLayer, layerGroup, marker, rectangle, divIcon, geoJSON, control, latLngBounds } from "leaflet/dist/leaflet-src.esm.js";

const box = document.getElementById("ground");
const listed = document.getElementById("listed");
const says = document.getElementById("map-says");

function start(el) {
  const m = newMap(el, { zoomControl: false, attributionControl: false, minZoom: 3, maxZoom: 19, worldCopyJump: false });
  control.zoom({ zoomInTitle: "放大", zoomOutTitle: "缩小" }).addTo(m);
  control.scale({ imperial: false, maxWidth: 140 }).addTo(m);
  if (el.dataset.tiles) {
    el.classList.add("has-tiles");
    tileLayer(el.dataset.tiles, { maxZoom: 19, alt: "" }).addTo(m);
  }
  if (el.dataset.credit) control.attribution({ prefix: false }).addAttribution(plain(el.dataset.credit)).addTo(m);
  if (el.dataset.boundary) drawEdge(m, el.dataset.boundary);
  const shown = layerGroup().addTo(m);
  m.on("moveend", () => look(m, shown));
  restore(m) || m.fitBounds(bounds(el), { maxZoom: 16, animate: false });
  window.addEventListener("hashchange", () => restore(m));
  keepPlaceInForm(m);
}

function bounds(el) {
  const [w, s, e, n] = el.dataset.bounds.split(",").map(Number);
  return latLngBounds([s, w], [n, e]);
}

function plain(text) {
  const p = document.createElement("p");
  p.textContent = text;
  return p.innerHTML;
}

// Where one looks stands in the address, so that coming back from a case comes back to the place.
const place = (m) => { const c = m.getCenter(); return `#${m.getZoom()}/${c.lat.toFixed(5)}/${c.lng.toFixed(5)}`; };

function restore(m) {
  const [z, lat, lon] = location.hash.slice(1).split("/").map(Number);
  if (!(z >= 3 && z <= 19 && Math.abs(lat) <= 85 && Math.abs(lon) <= 180)) return false;
  if (place(m._loaded ? m : { getZoom: () => -1, getCenter: () => ({ lat: 0, lng: 0 }) }) !== location.hash) m.setView([lat, lon], z, { animate: false });
  return true;
}

function keepPlaceInForm(m) {
  const form = document.querySelector("form.filters");
  form?.addEventListener("submit", () => { form.action = form.action.split("#")[0] + place(m); });
}

async function drawEdge(m, href) {
  const answer = await fetch(href);
  if (!answer.ok) return;
  geoJSON(await answer.json(), { interactive: false, style: { className: "edge" }, pointToLayer: () => layerGroup() }).addTo(m).bringToBack();
}

let asking = null;
async function look(m, shown) {
  history.replaceState(null, "", place(m));
  const b = m.getBounds();
  const q = new URLSearchParams(location.search);
  q.set("bbox", [Math.max(-180, b.getWest()), Math.max(-90, b.getSouth()), Math.min(180, b.getEast()), Math.min(90, b.getNorth())].map((x) => x.toFixed(6)).join(","));
  q.set("zoom", m.getZoom());
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(box.dataset.window + "?" + q, { signal: asking.signal });
    if (!answer.ok) throw new Error(answer.status);
    show(m, shown, await answer.json());
  } catch (e) {
    if (e.name !== "AbortError") says.textContent = "没有取到这一片的案件，请再移动一下地图。";
  }
}

const marks = new Map();
function show(m, shown, found) {
  shown.clearLayers();
  marks.clear();
  const most = Math.max(1, ...found.features.map((f) => f.properties.n || 0));
  for (const f of found.features) (f.bbox ? cell(m, f, most) : [single(f)]).forEach((layer) => layer.addTo(shown));
  listed.innerHTML = found.list;
  listed.scrollTop = 0;
  says.textContent = `图中 ${found.n} 件` + (found.late ? `，逾期 ${found.late} 件` : "");
  box.dataset.shown = found.n;
}

function single(f) {
  const [lon, lat] = f.geometry.coordinates;
  const late = { late: 300, soon: 200, ok: 100 }[f.properties.mark] || 0; // what is urgent lies on top
  const p = marker([lat, lon], { icon: divIcon({ className: "mk " + f.properties.mark, iconSize: [26, 26] }), keyboard: false, zIndexOffset: late });
  p.bindTooltip(() => plain(f.properties.title), { direction: "top", offset: [0, -10] });
  p.on("click", () => { location.href = box.dataset.case + f.id; });
  marks.set(String(f.id), p);
  return p;
}

function cell(m, f, most) {
  const [w, s, e, n] = f.bbox;
  const deep = Math.max(1, Math.ceil(5 * Math.log(1 + f.properties.n) / Math.log(1 + most)));
  const r = rectangle([[s, w], [n, e]], { className: "cell d" + deep });
  r.on("click", () => m.fitBounds([[s, w], [n, e]]));
  const late = f.properties.late ? `<span class="light late">${Number(f.properties.late)}</span>` : "";
  const [lon, lat] = f.geometry.coordinates;
  const tally = marker([lat, lon], { icon: divIcon({ className: "tally", html: `<span>${Number(f.properties.n)}</span>${late}`, iconSize: [52, 36] }), interactive: false, keyboard: false });
  return [r, tally];
}

// A row of the list points to its shape.
function point(e, on) {
  const id = e.target.closest?.("#listed a[data-id]")?.dataset.id;
  const el = id && marks.get(id)?.getElement();
  el?.classList.toggle("on", on);
}
for (const [name, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
  listed?.addEventListener(name, (e) => point(e, on));
}

if (box) start(box);
