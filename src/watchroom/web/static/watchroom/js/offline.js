// The page of the installed app without a connection: what came last, from the service worker's own store.
const list = document.querySelector("[data-pages]");
const cell = (tag, name, text) => { const made = document.createElement(tag); made.className = name; made.textContent = text; return made; };

async function read() {
  if (!globalThis.caches || !list) return;
  const cache = await caches.open("pages"), found = [];
  for (const each of await cache.keys()) found.push(await (await cache.match(each)).json());
  found.sort((a, b) => b.sent_at.localeCompare(a.sent_at));
  for (const page of found) {
    const line = document.createElement("li"), words = cell("span", "grow", "");
    words.append(cell("span", "strong", page.title), cell("span", "sub", `${new Date(page.sent_at).toLocaleString("en-GB")} · ${page.body.split("\n")[0]}`));
    line.append(words);
    list.append(line);
  }
  document.querySelector("[data-none]").hidden = found.length > 0;
}

document.querySelector("[data-again]")?.addEventListener("click", () => location.reload());
// Shown in place of the page that was asked for: that one comes by itself as soon as Watchroom answers again.
const instead = location.pathname !== "/offline";
let wait = 2_000;

async function lookAgain() {
  try { if ((await fetch("/healthz", { cache: "no-store" })).ok) { location.reload(); return; } } catch { /* not yet */ }
  wait = Math.min(wait * 1.5, 30_000);
  setTimeout(lookAgain, wait * (.8 + Math.random() * .4));
}

if (instead) {
  addEventListener("online", () => location.reload());
  setTimeout(lookAgain, wait);
}
read();
