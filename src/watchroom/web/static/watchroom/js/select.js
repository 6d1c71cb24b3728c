// Several rows at once: checkboxes [name=selected] of a form [data-select], and a bar .bulk that appears with the number
// chosen. [data-select-all] chooses all; a row's x key chooses it. Without this script the bar is always there.
const boxes = (form) => [...form.querySelectorAll('input[type="checkbox"][name="selected"]')];

function show(form) {
  const all = boxes(form), chosen = all.filter((box) => box.checked);
  const bar = form.querySelector(".bulk");
  if (bar) bar.hidden = !chosen.length;
  form.querySelectorAll("[data-selected-count]").forEach((count) => { count.textContent = chosen.length; });
  const every = form.querySelector("[data-select-all]");
  if (every) {
    every.checked = all.length > 0 && chosen.length === all.length;
    every.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  // A choice of different states deserves a word before something is done to all of them.
  const states = new Set(chosen.map((box) => box.dataset.state).filter(Boolean));
  form.querySelectorAll("[data-mixed]").forEach((note) => { note.hidden = states.size < 2; });
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-select]");
  if (!form) return;
  if (event.target.matches("[data-select-all]")) boxes(form).forEach((box) => { box.checked = event.target.checked; });
  show(form);
});
document.querySelectorAll("form[data-select]").forEach(show);
// A re-read list starts with nothing chosen.
document.addEventListener("htmx:afterSettle", () => document.querySelectorAll("form[data-select]").forEach(show));
document.addEventListener("keydown", (event) => {
  if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.shortcuts === "off") return;
  if (event.target.matches("form[data-select] :is(tr, li)")) event.target.querySelector('input[name="selected"]')?.click();
});
