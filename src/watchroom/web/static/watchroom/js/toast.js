// Toasts: from Django's messages (already in the page), from `HX-Trigger: {"toast": {"text": …, "tone": …}}`, or from
// `document.dispatchEvent(new CustomEvent("toast", {detail: {text, tone}}))`.
import { isAskedAgain } from "./reread.js";

const region = document.getElementById("toasts");
const stay = { error: 0, warning: 0 };   // 0: until dismissed; someone at 3 a.m. may look away

function arrange(toast) {
  const wait = stay[toast.dataset.tone] ?? 8_000;
  if (!wait) return;
  let timer = setTimeout(() => toast.remove(), wait);
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("focusin", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", () => { timer = setTimeout(() => toast.remove(), wait); });
}

function show(text, tone = "info") {
  if (!region) return;
  const toast = region.querySelector("template").content.firstElementChild.cloneNode(true);
  toast.dataset.tone = tone;
  toast.querySelector("p").textContent = text;
  region.append(toast);
  arrange(toast);
}

region?.querySelectorAll(".toast").forEach(arrange);
document.addEventListener("toast", (event) => show(event.detail.text ?? event.detail.value, event.detail.tone));
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".toast, .banner")?.remove();
});
// What was asked for by nobody's press is asked for again by itself (js/reread.js): whoever is without a network for an hour would
// find sixty of these.
for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, ({ detail }) => {
  if (isAskedAgain(detail)) return;
  const only = detail.requestConfig.verb === "get";
  show(only ? "The server can't be reached. Try again." : "No answer came. Look whether it was done before you try again.", "error");
});
const WHY = {
  401: "You have been signed out, and this page shows nothing new. Reload it to sign in again.",
  403: "You may not do that, or your session has ended. Reload the page.",
  404: "It is not there any more. Reload the page.",
  409: "Someone else changed it meanwhile. Reload the page.",
};
let signedOut = false;
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  if (isAskedAgain(event.detail)) return;
  if (status === 401 && signedOut) return;   // every part that re-reads itself hears it
  signedOut ||= status === 401;
  show(WHY[status] ?? `The server answered with an error (${status}). Try again.`, "error");
});
