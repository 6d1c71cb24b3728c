// [data-confirm="Resolve 3 alerts?"] asks in a <dialog> before a button or link does what it does, htmx included.
const ask = (question, ok) => new Promise((resolve) => {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog small";
  dialog.setAttribute("aria-labelledby", "confirm-question");
  const body = document.createElement("form");
  body.className = "body";
  body.method = "dialog";
  const text = document.createElement("p");
  text.id = "confirm-question";
  text.textContent = question;
  const row = document.createElement("div");
  row.className = "form-actions";
  for (const [value, label, style] of [["ok", ok, "alarm"], ["", "Cancel", ""]]) {
    const button = document.createElement("button");
    button.className = `button big ${style}`;
    button.value = value;
    button.textContent = label;
    button.autofocus = !value;   // the harmless answer has the focus
    row.append(button);
  }
  body.append(text, row);
  dialog.append(body);
  document.body.append(dialog);
  dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "ok"); });
  dialog.showModal();
});

// In the capturing phase, before htmx and before the form is sent.
document.addEventListener("click", async (event) => {
  const target = event.target.closest("[data-confirm]");
  if (!target || target.disabled) return;
  if (target.dataset.confirmed) { delete target.dataset.confirmed; return; }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (target.form && !target.form.reportValidity()) return;
  target.dataset.asking = "yes"; // so that nothing takes it away meanwhile, see js/keep.js
  const yes = await ask(target.dataset.confirm, target.dataset.confirmOk || target.textContent.trim());
  target.focus();
  if (yes) {
    target.dataset.confirmed = "yes";
    target.click();
  }
  delete target.dataset.asking;
  document.dispatchEvent(new CustomEvent("asked"));
}, true);
