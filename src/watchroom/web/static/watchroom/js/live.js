// The live connection: /live sends topics ("incident:42"); whoever shows one re-reads itself through the normal permission
// path. The new lines of a log that is on the page come along. What moved between
// drawing the page and the first word of the stream comes as its first event. A lost message costs a delay: after every interruption
// everything re-reads.
import { reread } from "./reread.js";

const token = document.querySelector('meta[name="live-token"]')?.content;
const strip = document.querySelector("[data-connection]");
const SILENT_MS = 40_000; // the gate says every 15 s that it is there
let source = null, lostAt = null, hideTimer, retry, wait = 1_000, heardAt = 0, speaks = false;

function say(state) {
  if (!strip || strip.dataset.state === state) return;
  strip.hidden = false;
  strip.dataset.state = state;
  const since = lostAt?.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  strip.textContent = { live: "Live", waiting: "Reconnecting…", offline: `Offline since ${since}` }[state];
}

// After an interruption nobody knows what was missed, nor whether what was asked before it is ever answered.
function rereadAll() {
  document.dispatchEvent(new CustomEvent("live:again"));
  for (const each of document.querySelectorAll("[data-live]")) {
    window.htmx?.trigger(each, "htmx:abort");
    reread(each);
  }
}

const judge = () => { if (lostAt) say(Date.now() - lostAt > 14_000 || !navigator.onLine ? "offline" : "waiting"); };

function receive(event) {
  for (const topic of JSON.parse(event.data).topics ?? []) {
    if (topic === "*") { rereadAll(); continue; }  // too much at once, or the server itself was cut off for a moment
    document.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: { topic } }));
    document.querySelectorAll(`[data-live~="${CSS.escape(topic)}"]`).forEach(reread);
  }
}

// Lines of the log, as this reader may see them.
function receiveLines(event) {
  const news = JSON.parse(event.data);
  document.dispatchEvent(new CustomEvent("live:lines", { detail: news }));
  document.querySelectorAll(`[data-live~="incident:${news.incident}:log"]`).forEach(reread);
}

function address() {
  const log = document.querySelector("[data-live-log]"), asked = new URLSearchParams({ token, alive: "yes" });
  if (log) { asked.set("log", log.dataset.incident); asked.set("since", log.dataset.since); }
  return `/live?${asked}`;
}

function connect() {
  clearTimeout(retry);
  if (source) { source.close(); lostAt ??= new Date(); }
  heardAt = Date.now();
  source = new EventSource(address());
  source.onopen = () => {
    wait = 1_000;
    if (lostAt) rereadAll();
    lostAt = null;
    say("live");
  };
  source.onmessage = receive;
  source.addEventListener("log", receiveLines);
  source.addEventListener("alive", () => { speaks = true; heardAt = Date.now(); });
  source.onerror = () => {
    lostAt ??= new Date();
    judge();
    setTimeout(judge, 15_000);
    // The browser gives up for good after an HTTP error, so the retrying is ours: slower each time, never in step.
    source.close();
    clearTimeout(retry);
    retry = setTimeout(connect, wait * (.7 + Math.random() * .6));
    wait = Math.min(wait * 2, 30_000);
  };
}

// A connection that a network has forgotten, or a machine has slept over, stays open for minutes and says nothing.
function listen() {
  if (!source || !speaks || source.readyState === EventSource.CLOSED || Date.now() - heardAt < SILENT_MS) return;
  lostAt ??= new Date(heardAt);
  connect();
  judge();
}

function pause() {
  if (!source) return;
  clearTimeout(retry);
  source.close();
  source = null;
  lostAt ??= new Date();
}

if (token) {
  connect();
  // A hidden tab gives its connection back after a minute; browsers allow few per host.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hideTimer);
    if (document.hidden) { hideTimer = setTimeout(pause, 60_000); return; }
    if (source) listen(); else connect();
  });
  setInterval(listen, 5_000);
  window.addEventListener("online", connect);
  // The stream itself may look open for minutes after the network has gone.
  window.addEventListener("offline", () => { lostAt ??= new Date(); judge(); });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) { lostAt ??= new Date(); connect(); } });
}
