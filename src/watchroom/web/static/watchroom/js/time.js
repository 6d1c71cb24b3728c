// Keeps <time data-form="relative|elapsed"> true, and shows clocks in the reader's own zone. The words are those of
// templatetags/_words.py; without this script the server's words stay, only ageing.
// <html data-zone="Europe/Madrid"> is the zone that the person chose; without it, the browser's counts.
const timeZone = document.documentElement.dataset.zone || undefined;
const format = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone });   // 2026-01-31 23:59:59
const named = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short", timeZone });
const parts = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone });
const stamp = (at) => format.format(at);
const zone = (at) => named.formatToParts(at).find((part) => part.type === "timeZoneName").value;

// How far this machine's clock is behind the server's, by a page that has just come from there: a promise is counted down rightly on a
// laptop whose clock is wrong, too. Some seconds are the network's, and a page out of the browser's own store is as old as it is.
const [came] = performance.getEntriesByType("navigation");
const apart = Date.parse(document.querySelector('meta[name="server-time"]')?.content) - performance.timeOrigin - (came?.responseStart ?? NaN);
const isFresh = came?.type !== "back_forward" && (came?.transferSize > 0 || came?.workerStart > 0);
const behind = isFresh && Math.abs(apart) > 30_000 ? apart : 0;

function duration(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60), hours = Math.floor(seconds / 3600), days = Math.floor(seconds / 86400);
  if (minutes < 60) return `${minutes} min`;
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 && days < 14 ? `${days} d ${hours % 24} h` : `${days} d`;
}

function oneUnit(seconds) {
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

function relative(at, now) {
  const seconds = Math.round((now - at) / 1000);
  if (Math.abs(seconds) >= 30 * 86400) return stamp(at).slice(0, 10);
  if (Math.abs(seconds) < 60) return seconds >= 0 ? "just now" : "in under a minute";
  return seconds > 0 ? `${oneUnit(seconds)} ago` : `in ${oneUnit(-seconds)}`;
}

// As people speak of shifts: Sun 29 Nov 01:00, with the year only where it is another one.
function day(at, now) {
  const said = Object.fromEntries(parts.formatToParts(at).map((part) => [part.type, part.value]));
  const year = stamp(at).slice(0, 4) === stamp(now).slice(0, 4) ? "" : ` ${stamp(at).slice(0, 4)}`;
  return `${said.weekday} ${said.day} ${said.month.slice(0, 3)}${year} ${stamp(at).slice(11, 16)}`;
}

const forms = {
  relative: (at, now) => relative(at, now),
  elapsed: (at, now) => duration(Math.max(0, Math.floor((now - at) / 1000))),
  clock: (at) => stamp(at).slice(11, 16),
  seconds: (at) => stamp(at).slice(11, 19),
  date: (at) => stamp(at).slice(0, 10),
  day,
  full: (at) => `${stamp(at).slice(0, 16)} ${zone(at)}`,
};

function refresh(within) {
  const now = Date.now() + behind;
  for (const element of within.querySelectorAll("time[data-form]")) {
    const at = new Date(element.dateTime);
    const text = forms[element.dataset.form]?.(at, now);
    if (!text || Number.isNaN(at.valueOf())) continue;
    if (element.textContent !== text) element.textContent = text;
    if (element.dataset.zoned) continue;
    const utc = `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    const here = `${stamp(at)} ${zone(at)}`;
    element.title = here === utc ? utc : `${here} · ${utc}`;
    element.dataset.zoned = "yes";
  }
}

refresh(document);
setInterval(() => { if (!document.hidden) refresh(document); }, 30_000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(document); });
document.addEventListener("htmx:load", (event) => refresh(event.target.parentElement ?? document));
