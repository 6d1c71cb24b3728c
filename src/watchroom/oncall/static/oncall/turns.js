// Places of a rotation ([data-turns]): when the last one is taken another appears, and beside whoever is chosen stands a
// choice of somebody who is on call together with them. Without this script the page offers both after "See the calendar".
function clear(select, text, name, label) {
  const fresh = select.cloneNode(true);
  fresh.querySelectorAll("[selected]").forEach((option) => option.removeAttribute("selected"));
  fresh.options[0].textContent = text;
  fresh.name = name;
  fresh.setAttribute("aria-label", label);
  fresh.value = "";
  return fresh;
}

document.addEventListener("change", (event) => {
  const select = event.target.closest("[data-turns] select");
  if (!select || !select.value) return;
  const list = select.closest("[data-turns]"), line = select.closest("li"), { turns, word } = list.dataset;
  const selects = line.querySelectorAll("select"), number = [...list.children].indexOf(line);
  if (select === selects[selects.length - 1]) {
    select.after(clear(select, "+ together with", select.name, `${word} ${number + 1}, person ${selects.length + 1}`));
  }
  if (line === list.lastElementChild) {
    const next = line.cloneNode(false), place = line.querySelector(".place").cloneNode();
    place.textContent = number + 2;
    next.append(place, clear(selects[0], "–", `${turns}-${number + 1}`, `${word} ${number + 2}, person 1`));
    list.append(next);
  }
});
