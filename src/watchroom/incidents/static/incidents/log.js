// The running log: what is new or has changed comes along with the event that says so (or is asked for alone, where it
// does not) and is put in its place; older entries come on demand.
const log = document.getElementById("log");
let asking = false, again = false, comes = false, later;
const late = new Map(); // lines that have changed while somebody was at their menu

const place = (line) => `${line.querySelector("time")?.dateTime ?? ""} ${line.id.slice(6).padStart(12, "0")}`;   // entry-7

function merge(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  const fresh = [...box.content.querySelectorAll("li.log-entry")];
  if (fresh.length) log.querySelector("[data-nothing]")?.remove();
  for (const line of fresh) {
    const there = document.getElementById(line.id);
    if (there?.outerHTML === line.outerHTML) continue;
    if (there?.querySelector("details[open]") && there.contains(document.activeElement)) { late.set(line.id, line.outerHTML); continue; }
    late.delete(line.id);
    const focused = there?.contains(document.activeElement);
    there?.remove();
    const own = place(line);
    const before = [...log.children].find((each) => each.id && place(each) < own);
    const last = log.lastElementChild;
    // Older than everything shown, and there is more: it belongs to what is not loaded.
    if (!before && last && !there && document.querySelector("[data-older]")) continue;
    log.insertBefore(line, before ?? null);
    if (!there) line.classList.add("fresh");
    window.htmx?.process(line);
    if (focused) { line.tabIndex = -1; line.focus({ preventScroll: true }); }
  }
  document.dispatchEvent(new CustomEvent("room:lines", { detail: fresh.map((line) => line.id) }));
}

async function read() {
  if (asking) { again = true; return; }
  asking = true;
  clearTimeout(later);
  let failed = false;
  try {
    const answer = await fetch(`${log.dataset.url}?since=${encodeURIComponent(log.dataset.since)}`, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout?.(20_000) });
    if (answer.status === 205) location.reload();
    else if (answer.ok && !answer.redirected) {
      merge(await answer.text());
      log.dataset.since = answer.headers.get("X-Since") ?? log.dataset.since;
    } else failed = answer.status >= 500 || answer.status === 408 || answer.status === 429;
  } catch { failed = true; /* the live connection may be one that is still there */ }
  asking = false;
  if (failed) later = setTimeout(read, 5_000);
  if (again) { again = false; read(); }
}

async function older(link) {
  if (link.hasAttribute("aria-busy")) return;   // pressed twice, they would stand there twice
  const last = [...log.querySelectorAll("li.log-entry")].at(-1);
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${log.dataset.url}?before=${last.id.slice(6)}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    last.insertAdjacentHTML("afterend", await answer.text());
    if (answer.headers.get("X-More") !== "yes") link.parentElement.remove();
    const next = last.nextElementSibling;
    if (next) { next.tabIndex = -1; next.focus({ preventScroll: true }); }
  } catch { /* press again */ }
  link.removeAttribute("aria-busy");
}

if (log) {
  for (const name of [`live:incident:${log.dataset.incident}:log`, "room:changed"]) document.addEventListener(name, read);
  // After an interruption what was missed comes by itself, where it comes at all.
  document.addEventListener("live:again", () => { if (!comes) read(); });
  document.addEventListener("live:lines", ({ detail }) => {
    if (String(detail.incident) !== log.dataset.incident) return;
    comes = true;
    again ||= asking;   // the answer under way may have been written before these lines
    merge(detail.html);
    log.dataset.since = detail.since;
  });
  log.addEventListener("toggle", ({ target }) => {
    if (!target.open && late.has(target.closest("li")?.id)) merge(late.get(target.closest("li").id));
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-older]");
    if (link) { event.preventDefault(); older(link); }
  });
}
