// Keys. Any element says its own: data-go="g h" (two keys), data-key="a" (one). Nothing works while one types, in a
// dialog, or with <body data-shortcuts="off"> (WCAG 2.1.4). In [data-rows], j and k move, Enter opens.
const typing = (element) => element.closest?.("input, textarea, select, [contenteditable], dialog, [role=combobox]");
let first = "", timer;

const usable = (element) => !element.disabled && !element.closest("[hidden], dialog:not([open])") && element.getAttribute("href") !== "#";
const find = (attribute, keys) =>
  [...document.querySelectorAll(`[${attribute}]`)].find((each) => each.getAttribute(attribute) === keys && usable(each));

function move(by) {
  const rows = [...document.querySelectorAll("[data-rows] tbody > tr, [data-rows]:is(ul, ol) > li")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement.closest?.("tr, li"));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
  next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function press(key) {
  // Within the row that has the focus first: "a" acknowledges the alert one stands on.
  const row = document.activeElement.closest?.("[data-rows] :is(tr, li)");
  const element = row?.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? find("data-key", key);
  if (!element || !usable(element)) return false;
  element.click();
  return true;
}

function handle(key) {
  if (first) {
    const link = find("data-go", `${first} ${key}`);
    first = "";
    if (link) { location.assign(link.href); return true; }
  }
  if (key === "g") {
    first = key;
    clearTimeout(timer);
    timer = setTimeout(() => { first = ""; }, 1_200);
    return true;
  }
  if (key === "j" || key === "k") { move(key === "j" ? 1 : -1); return true; }
  if (key === "/") {
    const box = document.querySelector("[data-search]");
    if (box) { box.focus(); box.select(); } else document.querySelector("[data-palette]")?.click();
    return true;
  }
  if (key === "?") { help(); return true; }
  if (key === "Enter" && document.activeElement.matches("[data-rows] :is(tr, li)")) {
    (document.activeElement.querySelector(".row-link") ?? document.activeElement.querySelector("a[href]"))?.click();
    return true;
  }
  return press(key);
}

function name(element) {
  const said = element.dataset.keyName || element.getAttribute("aria-label") || element.textContent || element.title;
  return said.trim().replace(/\s+/g, " ");
}

function help() {
  const known = new Map([["?", "This list"], ["Ctrl K", "Find anything"], ["/", "Search this list"]]);
  if (document.querySelector("[data-rows]")) known.set("j k", "Next and previous row").set("Enter", "Open the row");
  for (const element of document.querySelectorAll("[data-go], [data-key]")) {
    const keys = element.dataset.go || element.dataset.key;
    if (!known.has(keys) && usable(element)) known.set(keys, element.dataset.go ? `Go to ${name(element)}` : name(element));
  }
  const dialog = document.createElement("dialog");
  dialog.className = "dialog small";
  dialog.setAttribute("aria-label", "Keyboard shortcuts");
  dialog.innerHTML =
    '<header><h2>Keyboard shortcuts</h2><button type="button" class="button quiet" data-close>Close</button></header>' +
    '<div class="body"><dl class="help-list"></dl></div>';
  const list = dialog.querySelector("dl");
  for (const [keys, what] of known) {
    const term = document.createElement("dt"), text = document.createElement("dd");
    for (const key of keys.split(" ")) {
      term.append(Object.assign(document.createElement("kbd"), { textContent: key }), " ");
    }
    text.textContent = what;
    list.append(term, text);
  }
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (document.body.dataset.shortcuts === "off" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open]") || typing(event.target)) return;
  // Enter and Space on a control are the control's own.
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  if (handle(event.key)) event.preventDefault();
});
document.addEventListener("click", (event) => { if (event.target.closest("[data-shortcut-help]")) help(); });
