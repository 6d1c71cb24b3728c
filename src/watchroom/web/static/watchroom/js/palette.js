// Ctrl/Cmd+K: one box that finds pages of the navigation at once and everything else through /palette.json.
const dialog = document.getElementById("palette");
const [input, list, none] = [dialog?.querySelector("input"), dialog?.querySelector("ul"), dialog?.querySelector("p")];
let chosen = 0, shown = [], asked = 0, timer = null;

const places = () => [...document.querySelectorAll("#nav a, [data-key][href]")]
  .filter((link) => link.getAttribute("href") !== "#")
  .map((link) => ({ label: link.textContent.trim().replace(/\s+/g, " "), hint: link.dataset.go || link.dataset.key || "", url: link.href }));

// Every letter in order; letters at the start of words and next to each other count more.
function score(text, wanted) {
  let total = 0, at = -1;
  const low = text.toLowerCase();
  for (const letter of wanted.toLowerCase().replaceAll(" ", "")) {
    const next = low.indexOf(letter, at + 1);
    if (next < 0) return -1;
    total += next === at + 1 ? 3 : 1;
    if (next === 0 || /\W/.test(low[next - 1])) total += 2;
    at = next;
  }
  return total - text.length / 100;
}

function draw(found) {
  shown = found.slice(0, 12);
  chosen = Math.min(chosen, Math.max(shown.length - 1, 0));
  list.replaceChildren(...shown.map((entry, index) => {
    const row = document.createElement("li"), label = document.createElement("span"), hint = document.createElement("span");
    row.id = `palette-${index}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(index === chosen));
    label.textContent = entry.label;
    hint.textContent = entry.hint ?? "";
    hint.className = "hint";
    row.append(label, hint);
    row.addEventListener("click", () => location.assign(entry.url));
    return row;
  }));
  if (shown.length) input.setAttribute("aria-activedescendant", `palette-${chosen}`); else input.removeAttribute("aria-activedescendant");
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
  none.hidden = shown.length > 0;
}

const ranked = (wanted, entries) => entries.map((entry) => ({ ...entry, rank: wanted ? score(`${entry.label} ${entry.hint ?? ""}`, wanted) : 0 }))
  .filter((entry) => entry.rank >= 0).sort((a, b) => b.rank - a.rank);

async function search() {
  clearTimeout(timer);
  timer = null;
  const wanted = input.value.trim(), mine = ++asked, here = ranked(wanted, places());
  chosen = 0;
  draw(here);
  if (!wanted) return;
  try {
    const answer = await fetch(`/palette.json?q=${encodeURIComponent(wanted)}`, { headers: { Accept: "application/json" } });
    // The server has searched already; its order stands, after the pages that match by name.
    if (answer.ok && mine === asked) draw([...here.slice(0, 5), ...await answer.json()]);
  } catch { /* offline: the pages are still there */ }
}

function open() {
  input.value = "";
  dialog.showModal();
  search();
}

input?.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
input?.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // Enter and arrows are those of whoever writes in another script
  if (event.key === "Enter" && timer !== null) search(); // who types fast goes where the words lead, not where half of them led
  if (event.key === "Enter" && shown[chosen]) { event.preventDefault(); location.assign(shown[chosen].url); }
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || !shown.length) return;
  event.preventDefault();
  chosen = (chosen + by + shown.length) % shown.length;
  draw(shown);
});
if (dialog) {
  document.addEventListener("click", (event) => { if (event.target.closest("[data-palette]")) open(); });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || document.body.dataset.shortcuts === "off") return;
    event.preventDefault();
    if (dialog.open) dialog.close(); else if (!document.querySelector("dialog[open]")) open();
  });
}
