// An element that re-reads itself ([data-live], hx-trigger="live") is told to here, and nothing that it is told is lost: an answer
// under way may have been written before what has just happened, and who replaces itself is another element afterwards, which
// htmx does not ask again. So it is asked once more when the answer is there, under the name that both have.
const timers = new WeakMap(), unseen = new Set(), asking = new WeakSet(), late = new WeakSet();
const now = (element) => (element.isConnected ? element : document.getElementById(element.id));

// 150 ms, so that a burst of topics is one request per element. Never under someone's fingers: an element that
// contains the focused field waits until it is left. What nobody sees waits until the tab is looked at: most of those who
// have a room open have it behind other tabs.
export function reread(element) {
  if (document.hidden) { unseen.add(element); return; }
  clearTimeout(timers.get(element));
  timers.set(element, setTimeout(() => {
    const here = now(element), active = document.activeElement;
    if (!here) return;
    if (here !== active && here.contains(active) && active.matches("input, textarea, select")) {
      active.addEventListener("blur", () => reread(here), { once: true });
    } else if (asking.has(here)) late.add(here);
    else window.htmx?.trigger(here, "live");
  }, 150));
}

document.addEventListener("htmx:beforeSend", ({ detail: { elt } }) => asking.add(elt));
document.addEventListener("htmx:afterRequest", ({ detail: { requestConfig: { elt } } }) => {
  asking.delete(elt);
  if (late.delete(elt)) reread(elt);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  const stale = [...unseen];
  unseen.clear();
  stale.forEach(reread);
});
