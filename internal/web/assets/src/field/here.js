// Where and when: the device's own fix, asked for while the page is looked at.
let watch = null, fix = null, refused = "";

function took(p) {
  const { latitude, longitude, accuracy } = p.coords;
  fix = { lat: latitude, lon: longitude, accuracy: Math.round(accuracy), at: Date.now() };
  refused = "";
  document.dispatchEvent(new Event("fix"));
}

function failed(e) {
  refused = e.code === 1 ? "没有准许定位" : "定不了位";
  document.dispatchEvent(new Event("fix"));
}

export function look() {
  if (!navigator.geolocation || watch !== null) return;
  watch = navigator.geolocation.watchPosition(took, failed, { enableHighAccuracy: true, maximumAge: 15_000, timeout: 30_000 });
}

export function rest() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
}

// here is the last fix, if it is not older than two minutes.
export const here = () => (fix && Date.now() - fix.at < 120_000 ? fix : null);
export const why = () => refused;

// soon is a fix that comes within some time, or null.
export function soon(ms) {
  return new Promise((resolve) => {
    const done = () => { document.removeEventListener("fix", look); clearTimeout(timer); resolve(here()); };
    const look = () => { if (here()) done(); };
    const timer = setTimeout(done, ms);
    document.addEventListener("fix", look);
  });
}

const radians = (d) => (d * Math.PI) / 180;

// metres between two places.
export function metres(a, b) {
  const h = Math.sin(radians(b.lat - a.lat) / 2) ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(radians(b.lon - a.lon) / 2) ** 2;
  return 2 * 6_371_000 * Math.asin(Math.sqrt(Math.min(1, h)));
}
