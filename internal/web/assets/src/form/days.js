// Days and times, counted as Shanghai's civil time whatever the device says. The twin of internal/form/days.go.
// A moment is {day, millis}: days since 1970-01-01, thousandths of a second since midnight.
const DAY = 86_400_000, SHANGHAI = 8 * 3_600_000;

export const daysOf = (m) => (m.day * DAY + m.millis) / DAY;
export const utcDaysOf = (m) => (m.day * DAY + m.millis - SHANGHAI) / DAY;
const pad = (n, width) => String(n).padStart(width, "0");

// dayOf counts the days since 1970-01-01 of a day of the Gregorian calendar, whose years begin in March here.
function dayOf(year, month, day) {
  const y = month <= 2 ? year - 1 : year, era = Math.floor(y / 400), inEra = y - era * 400;
  const inYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + inEra * 365 + Math.floor(inEra / 4) - Math.floor(inEra / 100) + inYear - 719468;
}

function dateOf(n) {
  const z = n + 719468, era = Math.floor(z / 146097), inEra = z - era * 146097;
  const years = Math.floor((inEra - Math.floor(inEra / 1460) + Math.floor(inEra / 36524) - Math.floor(inEra / 146096)) / 365);
  const inYear = inEra - (365 * years + Math.floor(years / 4) - Math.floor(years / 100)), m = Math.floor((5 * inYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  return { year: years + era * 400 + (month <= 2 ? 1 : 0), month, day: inYear - Math.floor((153 * m + 2) / 5) + 1 };
}

const FIRST = dayOf(1, 1, 1), LAST = dayOf(9999, 12, 31);
const at = (total) => { const day = Math.floor(total / DAY); return { day, millis: total - day * DAY }; };

export const civilAt = (millis) => at(millis + SHANGHAI);
export function dateText(m) {
  const { year, month, day } = dateOf(m.day);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}
export function nowText(millis) {
  const m = civilAt(millis);
  return `${dateText(m)}T${formatMoment(m, "%H:%M:%S.%3")}+08:00`;
}

export function readMoment(s) {
  const d = /^(\d{4})-(\d{2})-(\d{2})(?:T(.*))?$/s.exec(s);
  if (!d) return null;
  const [year, month, day] = d.slice(1, 4).map(Number);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > dayOf(month === 12 ? year + 1 : year, (month % 12) + 1, 1) - dayOf(year, month, 1)) return null;
  if (d[4] === undefined) return { day: dayOf(year, month, day), millis: 0 };
  const t = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?(?:(Z)|([+-])(\d{2}):(\d{2}))?$/.exec(d[4]);
  if (!t) return null;
  const [hour, minute, second] = [t[1], t[2], t[3] ?? "0"].map(Number);
  if (hour > 23 || minute > 59 || second > 59 || Number(t[7] ?? 0) > 14 || Number(t[8] ?? 0) > 59) return null;
  let offset = t[5] ? 0 : SHANGHAI;
  if (t[6]) offset = (Number(t[7]) * 60 + Number(t[8])) * 60_000 * (t[6] === "-" ? -1 : 1);
  const clock = hour * 3_600_000 + minute * 60_000 + second * 1000 + Number((t[4] ?? "0").padEnd(3, "0"));
  return at(dayOf(year, month, day) * DAY + clock - offset + SHANGHAI);
}

// momentIn is a number of days as a moment, null where no year of four digits has it.
export function momentIn(days) {
  if (!(days >= FIRST && days < LAST + 1)) return null;
  return at(Math.floor(days * DAY + 0.5));
}

export function formatMoment(m, format) {
  const { year, month, day } = dateOf(m.day), t = m.millis;
  const signs = {
    Y: () => pad(year, 4), y: () => pad(year % 100, 2), m: () => pad(month, 2), n: () => month, b: () => `${month}月`,
    d: () => pad(day, 2), e: () => day, a: () => `周${"日一二三四五六"[(((m.day + 4) % 7) + 7) % 7]}`,
    H: () => pad(Math.floor(t / 3_600_000), 2), h: () => Math.floor(t / 3_600_000), M: () => pad(Math.floor(t / 60_000) % 60, 2),
    S: () => pad(Math.floor(t / 1000) % 60, 2), 3: () => pad(t % 1000, 3), "%": () => "%",
  };
  return format.replace(/%(.)/gsu, (whole, sign) => (Object.hasOwn(signs, sign) ? signs[sign]() : whole));
}
