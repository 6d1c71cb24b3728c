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
addEventListener("online", () => { if (location.pathname !== "/offline") location.reload(); });
read();
