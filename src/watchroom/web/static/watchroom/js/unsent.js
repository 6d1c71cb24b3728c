// What somebody has written is not lost when their session ends in the middle of a form. A form is remembered while it is on
// its way, in this tab alone; if its answer is a page that says "not signed in" (data-unsent), or none of ours (the server was away, or
// the network), it is filled in again as soon as they are back on its page.
const PLACE = "sent";
const who = document.querySelector('meta[name="person-topic"]')?.content;
const query = location.search.replace(/[?&]unsent$/, "");
const here = location.pathname + query;
const action = (form) => form.getAttribute("action") ?? "";
const likeIt = (form) => [...document.forms].filter((each) => action(each) === action(form));
const isText = ({ localName, type }) =>
  localName === "textarea" || (localName === "input" && /^(text|search|url|email|tel|number)$/.test(type));
const isKept = (field) => field.name && !/^(hidden|password|file|submit|button)$/.test(field.type);
const isTicked = (field) => /^(radio|checkbox)$/.test(field.type);

const valueOf = (field) => (field.multiple ? [...field.selectedOptions].map((each) => each.value) : field.value);
const read = () => { try { return JSON.parse(sessionStorage.getItem(PLACE)); } catch { return null; } };

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !who || form.method !== "post" || form.matches("[data-quiet], [data-no-busy], [hx-post]")) return;
  const fields = [...form.elements].filter(isKept);
  if (form.querySelector('[type="password"]') || !fields.some((field) => isText(field) && field.value.trim())) return;
  const values = fields.map((field) => [field.name, valueOf(field), field.checked]);
  const said = { who, at: here, action: action(form), place: likeIt(form).indexOf(form), values };
  try { sessionStorage.setItem(PLACE, JSON.stringify(said)); } catch { /* too much for this browser */ }
});

function unfold(field) {
  for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
}

function restore({ action: to, place, values, lost }) {
  const form = [...document.forms].filter((each) => action(each) === to)[place];
  if (!form) return;
  const left = [...form.elements].filter(isKept);
  for (const [name, value, checked] of values) {
    const at = left.findIndex((field) => field.name === name && (!isTicked(field) || field.value === value));
    if (at < 0) continue;
    const [field] = left.splice(at, 1);
    if (isTicked(field)) field.checked = checked;
    else if (field.multiple) for (const option of field.options) option.selected = value.includes(option.value);
    else if (field.localName !== "select" || [...field.options].some((each) => each.value === value)) field.value = value;
    if (isText(field) && field.value) unfold(field);
  }
  form.querySelector("textarea, input:not([type=hidden])")?.focus();
  const text = lost ? "You had been signed out, so this was not sent. Here is what you wrote: look at it, and send it again."
    : "No answer came to what you sent. Here is what you wrote: look whether it was taken, and send it again if it was not.";
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone: "warning" } }));
}

// Each page of ours that is an answer takes it away: who comes back by the browser's Back, or by the link of intake/gate/proxy.py, saw none.
const isBack = query !== location.search || performance.getEntriesByType("navigation")[0]?.type === "back_forward";
const sent = read();
if (sent) {
  if (document.querySelector("[data-unsent]")) sessionStorage.setItem(PLACE, JSON.stringify({ ...sent, lost: true }));
  else if (sent.at === here && who && (sent.lost || isBack)) {
    sessionStorage.removeItem(PLACE);
    if (sent.who === who) restore(sent);
  } else if (!sent.lost) sessionStorage.removeItem(PLACE);
}
