// Places of a rotation ([data-turns]): when the last one is taken another appears, and beside whoever is chosen stands a
// choice of somebody who is on call together with them. Two buttons move a line, so that a keyboard and a thumb can, too.
// Without this script the page offers further places after "See the calendar", and the order is that of the choices.
let made = 0; // names of ours stay different when lines change their numbers

function clear(select, text, name, label) {
  const fresh = select.cloneNode(select.dataset.find === undefined);
  fresh.querySelectorAll("[selected]").forEach((option) => option.removeAttribute("selected"));
  if (!fresh.multiple) fresh.options[0].textContent = text;
  if (fresh.id) fresh.id = `${fresh.id.replace(/-fresh\d+$/, "")}-fresh${made += 1}`;
  fresh.hidden = false;
  fresh.name = name;
  fresh.setAttribute("aria-label", label);
  fresh.value = "";
  return fresh;
}

const taken = (line) => [...line.querySelectorAll("select")].some((select) => select.value);

function grow(list) {
  const line = list.lastElementChild, { turns, word } = list.dataset, number = list.childElementCount;
  if (!taken(line)) return;
  const next = line.cloneNode(false), place = line.querySelector(".place").cloneNode(), select = line.querySelector("select");
  next.append(place, clear(select, "–", `${turns}-${number}`, select.multiple ? `${word} ${number + 1}` : `${word} ${number + 1}, person 1`));
  list.append(next);
  next.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true })); // js/pick.js looks at it, as at everything that is new
}

function number(list) {
  const lines = [...list.children];
  lines.forEach((line, index) => {
    line.querySelector(".place").textContent = index + 1;
    for (const select of line.querySelectorAll("select")) select.name = `${list.dataset.turns}-${index}`;
    for (const each of line.querySelectorAll("select, [role='combobox'], .move")) each.setAttribute("aria-label", each.getAttribute("aria-label").replace(/\d+/, index + 1));
    if (!line.querySelector(".moves")) line.append(moves(list, line, index));
    const [up, down] = line.querySelectorAll(".move");
    up.disabled = !index;
    down.disabled = index === lines.length - 1;
    line.querySelector(".moves").hidden = !taken(line);
  });
}

function moves(list, line, index) {
  const both = document.createElement("span");
  both.className = "moves";
  for (const [sign, words, by] of [["↑", "earlier", -1], ["↓", "later", 1]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small quiet move";
    button.textContent = sign;
    button.setAttribute("aria-label", `Move ${list.dataset.word.toLowerCase()} ${index + 1} ${words}`);
    button.addEventListener("click", () => {
      // The other one goes to the other side: whoever presses keeps the keyboard.
      if (by < 0) line.after(line.previousElementSibling); else line.before(line.nextElementSibling);
      grow(list);
      number(list);
      if (button.disabled) both.querySelector(".move:not(:disabled)")?.focus();
      const who = [...line.querySelectorAll("option:checked")].filter((option) => option.value).map((option) => option.textContent.trim());
      list.nextElementSibling.textContent = `${who.join(" and ")}: ${list.dataset.word.toLowerCase()} ${[...list.children].indexOf(line) + 1}.`;
      list.dispatchEvent(new Event("change", { bubbles: true })); // the calendar is drawn again
    });
    both.append(button);
  }
  return both;
}

for (const list of document.querySelectorAll("[data-turns]")) {
  const said = document.createElement("p");
  said.className = "sr-only";
  said.setAttribute("role", "status");
  list.after(said);
  number(list);
}

document.addEventListener("change", (event) => {
  const select = event.target.closest("[data-turns] select");
  if (!select) return;
  const list = select.closest("[data-turns]"), line = select.closest("li"), { word } = list.dataset;
  const selects = line.querySelectorAll("select");
  if (select.value && !select.multiple && select === selects[selects.length - 1]) {
    select.after(clear(select, "+ together with", select.name, `${word} ${[...list.children].indexOf(line) + 1}, person ${selects.length + 1}`));
  }
  grow(list);
  number(list);
});
