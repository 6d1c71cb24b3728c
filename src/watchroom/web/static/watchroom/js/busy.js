// One press, one request: a form that was sent cannot be sent again until the answer is there.
const buttons = (form) => [...form.elements].filter((each) => each.type === "submit");

function hold(form, pressed) {
  form.dataset.busy = "yes";
  pressed?.setAttribute("aria-busy", "true");
  // Later, not now: a disabled button would not send its name and value.
  setTimeout(() => { if (form.dataset.busy) buttons(form).forEach((button) => { button.disabled = true; }); });
}

function release(form) {
  delete form.dataset.busy;
  buttons(form).forEach((button) => { button.disabled = false; button.removeAttribute("aria-busy"); });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-no-busy]")) return;   // one whose answer is a file: the page stays
  if (form.method !== "post" && !form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]")) return;
  if (form.dataset.busy) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  // A handler may still refuse; what it prevented without htmx is not under way.
  hold(form, event.submitter);
}, true);

// The same for a button with its own hx-post.
document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  if (elt.localName === "button") { elt.disabled = true; elt.setAttribute("aria-busy", "true"); }
});
document.addEventListener("htmx:afterRequest", ({ detail: { elt } }) => {
  if (elt.localName === "button") { elt.disabled = false; elt.removeAttribute("aria-busy"); }
  const form = elt.closest?.("form");
  if (form?.dataset.busy) release(form);
});
document.addEventListener("change", (event) => { if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit(); });
// Coming back by the browser's Back shows the page as it was left: held.
window.addEventListener("pageshow", (event) => { if (event.persisted) document.querySelectorAll("form[data-busy]").forEach(release); });

// After a refused form, start reading at its summary.
document.querySelector("[data-form-errors]")?.focus();
