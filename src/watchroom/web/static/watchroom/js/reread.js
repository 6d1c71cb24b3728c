// An element that re-reads itself ([data-live], hx-trigger="live") is told to here, and nothing that it is told is lost: an answer
// under way may have been written before what has just happened, and who replaces itself is another element afterwards, which
// htmx does not ask again. So it is asked once more when the answer is there, under the name that both have.
const timers = new WeakMap(), unseen = new Set(), asking = new WeakSet(), late = new WeakSet();
export const present = (element) => (element.isConnected ? element : document.getElementById(element.id));

// 150 ms, so that a burst of topics is one request per element. Never under someone's fingers: an element that
// contains the focused field waits until it is left. What nobody sees waits until the tab is looked at: most of those who
// have a room open have it behind other tabs.
export function reread(element) {
  if (document.hidden) { unseen.add(element); return; }
  clearTimeout(timers.get(element));
  timers.set(element, setTimeout(() => {
    const here = present(element), active = document.activeElement;
    if (!here) return;
    if (here !== active && here.contains(active) && active.matches("input, textarea, select")) {
      active.addEventListener("blur", () => reread(here), { once: true });
    } else if (asking.has(here)) late.add(here);
    else window.htmx?.trigger(here, "live");
  }, 150));
}

document.addEventListener("htmx:beforeSend", ({ detail: { elt } }) => asking.add(elt));
document.addEventListener("htmx:afterRequest", ({ detail: { requestConfig: { elt }, successful } }) => {
  asking.delete(elt);
  if (successful) { failures.delete(elt); delete elt.dataset.old; }
  if (late.delete(elt)) reread(elt);
});

// What is asked for by no press of anybody (as it comes into the page, when something has moved, every so often), and gets no answer
// for now, is asked for again: there is nothing that its reader could try again. What goes on without one says that it is old.
const failures = new WeakMap(), again = new WeakMap();
export const isAskedAgain = ({ xhr: { status }, requestConfig: { triggeringEvent } }) =>
  (!triggeringEvent || /^(live|revealed)$/.test(triggeringEvent.type)) && (!status || status >= 500 || status === 408 || status === 429);

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, ({ type, detail }) => {
  if (!isAskedAgain(detail)) return;
  const { elt, path } = detail.requestConfig, times = (failures.get(elt) ?? 0) + 1;
  failures.set(elt, times);
  if (times > 1 && type !== "htmx:sendError") elt.dataset.old = "yes"; // without a network that is said once, above
  clearTimeout(again.get(elt));
  again.set(elt, setTimeout(() => {
    if (elt.matches("[data-live]")) reread(elt); else window.htmx?.ajax("GET", path, { source: elt });
  }, Math.min(1_000 * 2 ** times, 30_000) * (.7 + Math.random() * .6)));
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  const stale = [...unseen];
  unseen.clear();
  stale.forEach(reread);
});
