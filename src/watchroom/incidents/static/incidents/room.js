// The room: forms that are sent without leaving the page, parts that fold, the investigation board.
const toast = (text, tone = "info") => document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone } }));

export const reason = async (answer) => {
  try {
    const said = await answer.json();
    return [said.detail, said.fix].filter(Boolean).join(" ");
  } catch { return `The server answered with an error (${answer.status}). Try again.`; }
};

let lastMoved = ""; // the card of the board whose button was pressed last

// [data-quiet]: what changed comes back by the live connection; the page stays where it is, focus and drafts included.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-quiet]")) return;
  event.preventDefault();
  const button = event.submitter, body = new FormData(form);
  if (button?.name) body.append(button.name, button.value);
  if (form.dataset.under_way) return;
  const key = form.querySelector('[name="client_key"]'), newKey = () => { key.value = crypto.randomUUID?.() ?? String(Math.random()).slice(2); };
  if (key && (form.dataset.sent ?? body.get("text")) !== body.get("text")) { newKey(); body.set("client_key", key.value); } // another one than that of which no answer came
  form.dataset.sent = body.get("text") ?? "";
  form.dataset.under_way = form.dataset.asking = "yes"; // what is being sent is not replaced by what the page reads anew (js/keep.js)
  lastMoved = button?.closest(".idea")?.id ?? lastMoved;
  button?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(button?.getAttribute("formaction") ?? form.action, { method: "POST", body, headers: { Accept: "application/json" }, signal: AbortSignal.timeout?.(20_000) });
    if (answer.redirected) toast("You have been signed out, and nothing was sent. Keep what you wrote, and reload the page.", "error");
    else if (!answer.ok) toast(await reason(answer), "error");
    else {
      // What has been written since is the next one.
      form.querySelectorAll("input:not([type=hidden]), textarea").forEach((field) => { if (field.value === body.get(field.name)) field.value = ""; });
      if (key) newKey();
      delete form.dataset.sent;
      const menu = button?.closest("details[data-menu]");
      if (menu?.contains(document.activeElement)) menu.querySelector("summary").focus({ preventScroll: true }); // what is folded away can't keep it
      menu?.removeAttribute("open");
      document.dispatchEvent(new CustomEvent("room:changed"));
      document.querySelectorAll("[data-live][hx-get]").forEach((each) => {
        const active = document.activeElement;
        // What was just sent is seen at once, by who goes on writing in the same form, too: it is empty, and js/keep.js keeps their place.
        if (!each.contains(active) || form.contains(active) || !active.matches("textarea, select, input")) window.htmx?.trigger(each, "live");
      });
    }
  } catch { toast("No answer came. Look whether it was done before you press again.", "error"); }
  delete form.dataset.under_way;
  delete form.dataset.asking;
  document.dispatchEvent(new CustomEvent("asked"));
  button?.removeAttribute("aria-busy");
});

// A press on it focuses it: that is what a shortcut does.
document.addEventListener("click", (event) => { if (event.target.matches("textarea[data-key], input[data-key]")) event.target.focus(); });

// Whoever goes to the update wants to write it: its fold is open, and its first field has the focus. So has that of the
// mitigations for whoever is to write down what they try.
document.addEventListener("click", (event) => {
  if (event.target.closest?.('#next a[href="#mitigations"]')) setTimeout(() => document.querySelector('#mitigations [name="title"]')?.focus());
  const fold = event.target.closest?.('a[href="#update"], [data-key="p"]') && document.querySelector("#update details");
  if (!fold) return;
  if (event.target.closest("a")) fold.open = true;
  setTimeout(() => { if (fold.open) fold.querySelector("textarea")?.focus({ preventScroll: true }); });
});

// The catch-up folds, and stays folded on this device.
for (const button of document.querySelectorAll("[data-fold]")) {
  const body = document.getElementById(button.dataset.fold), place = `fold:${button.dataset.fold}`;
  const set = (folded) => {
    body.hidden = folded;
    button.setAttribute("aria-expanded", String(!folded));
    button.textContent = folded ? "Unfold" : "Fold";
  };
  set(localStorage.getItem(place) === "yes" && location.hash !== "#summary");
  button.addEventListener("click", () => {
    set(!body.hidden);
    localStorage.setItem(place, body.hidden ? "yes" : "no");
  });
}

// An entry that is not on the page has a page of its own.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#entry-"], a[href*="/incidents/"][href*="#entry-"]');
  const number = link?.hash.match(/^#entry-(\d+)$/)?.[1];
  if (!number || link.pathname !== location.pathname || document.getElementById(`entry-${number}`)) return;
  event.preventDefault();
  location.assign(`/log/${number}`);
});

// The board: arrow keys on a card, or dragging it, press the button that moves it.
const columns = ["open", "testing", "confirmed", "ruled_out"];

function move(card, to) {
  card?.querySelector(`.moves [value="${to}"]`)?.click();
}

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.(".board .idea");
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!card || event.target !== card || !by) return;
  event.preventDefault();
  move(card, columns[columns.indexOf(card.closest(".column").dataset.standing) + by]);
});
document.addEventListener("dragstart", (event) => {
  const card = event.target.closest?.(".idea");
  if (card) event.dataTransfer.setData("text/plain", card.id);
});
document.addEventListener("dragover", (event) => { if (event.target.closest?.(".board .column")) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  const column = event.target.closest?.(".board .column");
  if (!column) return;
  event.preventDefault();
  move(document.getElementById(event.dataTransfer.getData("text/plain")), column.dataset.standing);
});
// The focus goes with the card, however many parts of the page re-read themselves, until one goes elsewhere.
document.addEventListener("htmx:afterSettle", () => {
  if (lastMoved && document.activeElement === document.body) document.getElementById(lastMoved)?.focus({ preventScroll: true });
});
for (const goes of ["focusin", "pointerdown"]) document.addEventListener(goes, (event) => { if (event.target.closest?.(".idea")?.id !== lastMoved) lastMoved = ""; });
