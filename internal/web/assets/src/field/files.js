// Photographs and voices: kept as they were taken, with when and where the device was at that moment.
import { h, fill, size } from "./dom.js";
import { get, dropFile } from "./store.js";
import { here, soon } from "./here.js";

const shown = new Map(); // addresses of what is on the screen, by file

export async function addressOf(store, key) {
  if (!shown.has(key)) {
    const blob = await get(store, key);
    if (!blob) return "";
    shown.set(key, URL.createObjectURL(blob));
  }
  return shown.get(key);
}

export function letGo(key) {
  if (shown.has(key)) URL.revokeObjectURL(shown.get(key));
  shown.delete(key);
}

const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");

// take reads a file whole and says what it is known by. What comes from the camera was taken now and here.
async function take(file, camera) {
  const fix = camera ? here() : null;
  const at = new Date(camera ? Date.now() : file.lastModified || Date.now()).toISOString();
  const bytes = await file.arrayBuffer();
  const meta = { uuid: crypto.randomUUID(), name: file.name || "照片.jpg", type: file.type, bytes: bytes.byteLength, at, whole: false,
    sha256: hex(await crypto.subtle.digest("SHA-256", bytes)) };
  if (fix) Object.assign(meta, { lat: fix.lat, lon: fix.lon, accuracy: fix.accuracy });
  return [meta, new Blob([bytes], { type: file.type })];
}

const isVoice = (f) => f.type.startsWith("audio/");

// settled waits for what is being taken in: a record goes into the queue with all its files, or not yet.
const taking = new Set();
export const settled = () => Promise.all(taking);

export const filesText = (files) => {
  const voices = files.filter(isVoice).length, photos = files.length - voices;
  return [photos && `${photos} 张照片`, voices && `${voices} 段录音`].filter(Boolean).join("、");
};

// fileView shows one file: a picture, or a voice to listen to.
export function fileView(f, remove) {
  const el = h(isVoice(f) ? "figure.voice" : "figure.shot");
  const view = isVoice(f) ? h("audio", { controls: true, "aria-label": f.name }) : h("img", { alt: "照片 " + f.name });
  addressOf("files", f.uuid).then((url) => { if (url) view.src = url; else el.classList.add("gone"); });
  view.addEventListener("error", () => el.classList.add("gone"));
  const where = isVoice(f) ? "" : f.lat === undefined ? "没有定位" : `±${f.accuracy} 米`;
  el.append(view, h("figcaption", [where, size(f.bytes)].filter(Boolean).join(" · ")));
  if (remove) el.append(h("button.off", { type: "button", "aria-label": "去掉 " + f.name, onclick: remove }, "去掉"));
  return el;
}

// filesPart is the part of a form that takes photographs and voices into a record.
export function filesPart(r, keep, { most, photoBytes }) {
  const list = h("div.shots"), fault = h("p.err", { role: "alert" });
  const draw = () => fill(list, r.files.map((f) => fileView(f, async () => {
    r.files = r.files.filter((x) => x !== f);
    letGo(f.uuid);
    draw();
    await keep();
    await dropFile(f.uuid);
  })));
  const add = (input, camera) => {
    const work = addAll(input, camera).finally(() => taking.delete(work));
    taking.add(work);
  };
  const addAll = async (input, camera) => {
    const picked = [...input.files];
    input.value = "";
    fault.textContent = "";
    for (const file of picked) {
      if (r.files.length >= most) { fault.textContent = `一条记录最多 ${most} 个文件`; break; }
      if (file.size > photoBytes) { fault.textContent = `“${file.name}”超过 ${photoBytes >> 20} MB，没有收`; continue; }
      if (file.size === 0) { fault.textContent = `“${file.name}”是空的，没有收`; continue; }
      try {
        const [meta, blob] = await take(file, camera);
        r.files.push(meta);
        await keep({ [meta.uuid]: blob });
        if (camera && meta.lat === undefined) soon(15_000).then((fix) => { if (fix) { Object.assign(meta, { lat: fix.lat, lon: fix.lon, accuracy: fix.accuracy }); draw(); keep(); } });
      } catch {
        r.files = r.files.filter((f) => f.name !== file.name || f.whole);
        fault.textContent = `“${file.name}”没有存下：这台设备的空间不够，或文件读不出`;
      }
    }
    draw();
  };
  const pick = (text, name, cls, attrs, camera) => h("label.btn." + cls, h("input.sr", { type: "file", name, ...attrs, onchange: (e) => add(e.target, camera) }), text);
  draw();
  return h("div.take", list,
    h("div.picks", pick("拍照", "camera", "big", { accept: "image/*", capture: "environment", multiple: true }, true),
      pick("相册", "album", "half", { accept: "image/*", multiple: true }, false),
      pick("录音", "voice", "half", { accept: "audio/*", capture: "user" }, true)), fault);
}
