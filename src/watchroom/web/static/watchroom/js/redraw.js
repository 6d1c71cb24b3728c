// A form that the server draws anew (one step more, another order: hx-post with the form as its target) while somebody writes on in it:
// the answer knows nothing of that, so what was pressed is asked again, with all that stands there by now.
const asked = new WeakMap(); // forms: whether something was written since they were sent

document.addEventListener("htmx:beforeSend", ({ detail: { target } }) => { if (target.localName === "form") asked.set(target, false); });
document.addEventListener("input", ({ target: { form } }) => { if (asked.has(form)) asked.set(form, true); });
document.addEventListener("htmx:beforeSwap", ({ detail }) => { if (asked.get(detail.target)) detail.shouldSwap = false; });
document.addEventListener("htmx:afterRequest", ({ detail: { target, successful, requestConfig: { elt, triggeringEvent } } }) => {
  const written = asked.get(target);
  asked.delete(target);
  if (written && successful) setTimeout(() => window.htmx.trigger(elt, triggeringEvent.type)); // htmx lets go of the question first
});
