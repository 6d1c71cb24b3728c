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

// Without a connection the browser would put a page of its own in the place of this one, and what was written would be gone.
// It is said at the form, which a dialog does not cover; where the connection is only doubtful, it is tried first.
const doubtful = () => document.querySelector("[data-connection]")?.dataset.state === "offline";
const isThere = () => fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5_000) }).then(() => true, () => false);

function say(form, text) {
  form.querySelector("[data-unreached]")?.remove();
  if (!text) return;
  const note = document.createElement("p");
  note.className = "banner";
  note.dataset.tone = "error";
  note.dataset.unreached = "yes";
  note.setAttribute("role", "alert");
  note.textContent = text;
  form.prepend(note);
}

// Whether ``form`` may leave now; if not, it leaves by itself when the server has answered, or says that it can't.
function reaches(form, pressed) {
  if (form.dataset.reached) { delete form.dataset.reached; return true; }
  if (navigator.onLine && !doubtful()) return true;
  hold(form, pressed);
  form.dataset.asking = "yes";   // meanwhile it is not replaced by what the page reads anew (js/keep.js)
  isThere().then((there) => {   // the browser's own word for it may be wrong: a server on this machine needs no network
    release(form);
    delete form.dataset.asking;
    say(form, there ? "" : "No connection to Watchroom. Nothing was sent, and it stays here: press again when there is one.");
    if (!there) return;   // with the connection everything re-reads itself
    form.dataset.reached = "yes";
    form.requestSubmit(pressed);
    delete form.dataset.reached;   // where it did not leave, since something in it is missing
  });
  return false;
}
window.addEventListener("online", () => document.querySelectorAll("[data-unreached]").forEach((note) => note.remove()));

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-no-busy]")) return;   // one whose answer is a file: the page stays
  if (form.method !== "post" && !form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]")) return;
  if (form.dataset.busy) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  if (!form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]") && !reaches(form, event.submitter)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
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
