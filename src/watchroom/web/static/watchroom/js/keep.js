// A part of a page that re-reads itself is replaced under its reader's hands: what they have opened, written and are at stays,
// and a question that they are being asked about something in it is answered first. Nor is anything replaced that is being pressed.
import { present, reread } from "./reread.js";

const states = new WeakMap(), waiting = new Set();
let pressed = null; // a click is lost where what was pressed is gone when it is let go
const place = (node) => node.closest("form")?.getAttribute("action") ?? "";
const keys = {
  details: (node) => `${node.querySelector("summary")?.textContent.trim()}`,
  "input, textarea, select": (node) => `${place(node)} ${node.name} ${node.type} ${/^(radio|checkbox)$/.test(node.type) ? node.value : ""}`,
  "a, button, input, select, textarea, summary": (node) => `${node.localName} ${place(node)} ${node.name ?? ""} ${node.getAttribute("value") ?? ""} ${node.getAttribute("href") ?? ""} ${node.getAttribute("aria-label") ?? node.textContent.trim()}`,
};

// Each under its key; of those that can't be told apart, the first is "… 1", the second "… 2".
function all(root, selector) {
  const found = new Map(), seen = {};
  for (const node of root.querySelectorAll(selector)) {
    const key = keys[selector](node);
    found.set(`${key} ${seen[key] = (seen[key] ?? 0) + 1}`, node);
  }
  return found;
}
const [folds, fields, controls] = Object.keys(keys);
const isWritten = (node) => node.type !== "hidden" && node.type !== "file" && node.type !== "submit" && (
  /^(radio|checkbox)$/.test(node.type) ? node.checked !== node.defaultChecked
    : node.localName === "select" ? [...node.options].some((each) => each.selected !== each.defaultSelected) && !node.hidden
      : node.value !== node.defaultValue);

document.addEventListener("click", (event) => {
  const fold = event.target.closest?.("summary")?.parentElement;
  if (fold?.localName === "details") fold.dataset.chosen = "yes"; // by the reader: nothing else opens or closes it
});

// An answer may bring along what stands elsewhere on the page: data-with="its id".
const parts = (target) => [target, ...document.querySelectorAll(`[data-with="${CSS.escape(target.id)}"]`)];

function stateOf(part) {
  const active = document.activeElement, within = part.contains(active);
  return {
    part,
    folds: [...all(part, folds)].filter(([, node]) => node.dataset.chosen).map(([key, node]) => [key, node.open]),
    fields: [...all(part, fields)].filter(([, node]) => isWritten(node)).map(([key, node]) => [key, node.value, node.checked]),
    at: within && !active.id ? [...all(part, controls)].find(([, node]) => node === active)?.[0] : null,
    near: within ? active.closest("[id]")?.id : null,
    x: scrollX, y: scrollY,
  };
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  if (!target?.matches?.("[data-live]")) return;
  if (parts(target).some((part) => part.contains(pressed) || part.querySelector("[data-asking]"))) { event.detail.shouldSwap = false; waiting.add(target); return; }
  states.set(target, { kept: parts(target).map(stateOf) });
});

function unfold(target, state) {
  const now = all(target, folds);
  for (const [key, open] of state.folds) {
    const node = now.get(key);
    if (node) { node.open = open; node.dataset.chosen = "yes"; }
  }
}

function focusAgain(target, state) {
  if (!state.near || document.activeElement !== document.body) return;
  // What was pressed may be gone: then one is at what it stood in, not at another button, which a second press would reach.
  const again = all(target, controls).get(state.at) ?? document.getElementById(state.near);
  if (!again) return;
  if (!again.matches(`${controls}, [tabindex]`)) again.tabIndex = -1;
  again.focus({ preventScroll: true });
  scrollTo(state.x, state.y);
}

// At once: what is typed, or read, before htmx has settled is not lost.
document.addEventListener("htmx:afterSwap", (event) => {
  const { target } = event.detail, state = states.get(target);
  if (!state || state.swapped) return;
  state.swapped = true;
  for (const was of state.kept) {
    const part = present(was.part);
    if (!part) continue;
    unfold(part, was);
    const now = all(part, fields);
    for (const [key, value, checked] of was.fields) {
      const node = now.get(key);
      if (!node) continue;
      if (/^(radio|checkbox)$/.test(node.type)) node.checked = checked; else node.value = value;
    }
    focusAgain(part, was);
  }
});

// Settling gives what has an id the attributes that the server wrote, whether it is open too.
document.addEventListener("htmx:afterSettle", (event) => {
  const { target } = event.detail, state = states.get(target);
  for (const was of state?.kept ?? []) {
    const part = present(was.part);
    if (!part) continue;
    unfold(part, was);
    focusAgain(part, was);
  }
});

// What has waited re-reads itself: the question (js/confirm.js) is answered, or what was pressed is let go, and has had its click.
function readLate() {
  const late = [...waiting];
  waiting.clear();
  late.forEach(reread);
}
const letGo = () => { if (pressed) setTimeout(() => { pressed = null; readLate(); }); };
document.addEventListener("asked", readLate);
document.addEventListener("pointerdown", ({ target, isPrimary, button }) => { if (isPrimary && button === 0) pressed = target; }, true); // a menu may keep the end of another press
document.addEventListener("keydown", ({ key, target }) => { if (key === " ") pressed = target; }, true); // a button acts when it is let go
for (const goes of ["pointerup", "pointercancel", "keyup"]) document.addEventListener(goes, letGo, true);
window.addEventListener("blur", letGo);
