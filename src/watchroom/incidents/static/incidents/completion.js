// Completion of /commands and @people.
const form = document.getElementById("compose");
const area = document.getElementById("compose-text");
const list = document.getElementById("completions");
let words = null, offered = [], marked = 0, field = area;

async function load() {
  if (words) return;
  words = { commands: [], people: [] };
  try {
    const answer = await fetch(form.dataset.words, { headers: { Accept: "application/json" } });
    words = answer.ok && !answer.redirected ? await answer.json() : null;
  } catch { words = null; }
}

// The word before the cursor that can be completed: [its beginning, what it is]
function begun() {
  const left = field.value.slice(0, field.selectionStart);
  const command = left.match(/^\/([\w-]*)$/), person = left.match(/(?:^|\s)@([\w.+-]*)$/);
  if (command && field === area) return ["/", command[1].toLowerCase()];
  return person ? ["@", person[1].toLowerCase()] : null;
}

const commandsLike = (typed) => words.commands
  .filter((each) => each.name.startsWith(typed))
  .map((each) => ({ text: `/${each.name} `, label: `/${each.name}`, hint: each.does, title: each.example }));

const peopleLike = (typed) => words.people
  .filter(({ handle, name }) => [handle, ...name.toLowerCase().split(/\s+/)].some((part) => part.startsWith(typed)))
  .slice(0, 8)
  .map((each) => ({ text: `@${each.handle} `, label: `@${each.handle}`, hint: each.name }));

function offer() {
  const word = words && begun();
  if (!word) { close(); return; }
  const [sign, typed] = word;
  offered = sign === "/" ? commandsLike(typed) : peopleLike(typed);
  marked = 0;
  if (!offered.length || (offered.length === 1 && offered[0].text.trim() === `${sign}${typed}` )) { close(); return; }
  show();
}

function show() {
  list.replaceChildren(...offered.map((each, index) => {
    const row = document.createElement("li"), label = document.createElement("b"), hint = document.createElement("span");
    row.id = `completion-${index}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(index === marked));
    row.title = each.title ?? "";
    label.textContent = each.label;
    hint.textContent = each.hint;
    row.append(label, " ", hint);
    row.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(index); });
    return row;
  }));
  if (field !== area) field.parentElement.after(list); else form.querySelector(".line").after(list);
  list.hidden = false;
  field.setAttribute("aria-activedescendant", `completion-${marked}`);
  list.children[marked].scrollIntoView({ block: "nearest" });
}

function close() {
  list.hidden = true;
  offered = [];
  field.removeAttribute("aria-activedescendant");
}

function choose(index) {
  const [sign, typed] = begun(), at = field.selectionStart, start = at - typed.length - sign.length;
  field.setRangeText(offered[index].text, start, at, "end");
  close();
  field.focus();
}

// The keys of the list that is open; whether it took this one.
function taken(event) {
  if (list.hidden || !offered.length || event.isComposing) return false;
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) { marked = (marked + by + offered.length) % offered.length; show(); }
  else if (event.key === "Enter" || event.key === "Tab") choose(marked);
  else if (event.key === "Escape") close();
  else return false;
  event.preventDefault();
  return true;
}

// All commands, to choose from.
export async function help() { area.value = "/"; area.focus(); await load(); offer(); }

// Completes in the composer, and in fields that name a person. `enter` is told of the keys of the composer that no list takes.
export function complete(enter) {
  document.addEventListener("focusin", (event) => {
    if (event.target === area || event.target.matches("[data-words=people]")) { field = event.target; load().then(offer); }
  });
  document.addEventListener("focusout", (event) => { if (event.target === field) close(); });
  document.addEventListener("input", (event) => { if (event.target === field) offer(); });
  document.addEventListener("keydown", (event) => {
    if (event.target === field && !taken(event) && field === area) enter(event);
  });
}
