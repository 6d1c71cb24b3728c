// A <select> as chips and a box that finds: the select stays, and is what the form sends. Without a script it is the browser's
// own list. One with data-find holds only what is chosen, and asks that address for what fits the words that are typed. The pattern: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ (list autocomplete, manual selection).
const make = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};
const nameOf = (option) => [option.parentElement?.label, option.textContent.trim()].filter(Boolean).join(" ");

function enhance(select) {
  const id = `${select.id}-pick`, most = 30, find = select.dataset.find;
  const chips = make("ul", { class: "picked", "aria-label": "Chosen" });
  const input = make("input", {
    id, class: "input", role: "combobox", type: "text", autocomplete: "off", spellcheck: "false",
    "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": `${id}-list`, placeholder: select.dataset.placeholder || (!select.multiple && select.querySelector("option[value='']")?.textContent) || "Type a name",
  });
  const empty = input.placeholder;
  const list = make("ul", { id: `${id}-list`, role: "listbox", "aria-label": "What can be chosen" });
  const said = make("p", { class: "sr-only", role: "status" });
  let shown = [], at = 0, chosen = [...select.selectedOptions].filter((option) => option.value); // in the order in which they were chosen: options, and the words that hold a place
  let asked = 0, waits = null; // of data-find: the last question, and whether it is still open
  let turn = Promise.resolve(); // words that were entered before their answer had come get it in the order in which they were entered
  let lost = ""; // words that found nothing after the box had been left: they are given back, and must not go unseen

  const drawChips = () => {
    chips.replaceChildren(...chosen.map((each) => {
      const name = each.words ? `“${each.words}”` : nameOf(each), off = make("button", { type: "button", "aria-label": `Remove ${name}` }, "×");
      off.addEventListener("click", () => { remove(each); input.focus(); });
      return make("li", {}, each.missed ? `${name}: nothing found` : each.words ? `${name} …` : name, off);
    }));
    chips.hidden = !chips.childElementCount;
    input.placeholder = chips.hidden ? empty : select.dataset.more || (select.multiple ? empty : "Another one");
    valid();
  };
  const valid = () => {
    const [open, missed] = [false, true].map((gone) => chosen.filter((each) => each.words && Boolean(each.missed) === gone).map((each) => `“${each.words}”`).join(", "));
    input.setCustomValidity(open ? `${open} is still being looked for. Send again in a moment.` : lost ? `“${lost}” is not chosen: nothing was found. Type it again, or leave the box empty.` : missed ? `${missed} is not chosen: nothing was found. Remove it, and type it again.` : select.dataset.required && chips.hidden ? "Choose at least one." : "");
  };
  const mark = () => {
    [...list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === at)));
    const row = list.children[at];
    if (!list.hidden && shown[at]) input.setAttribute("aria-activedescendant", row.id); else input.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  };
  const close = () => { asked += 1; clearTimeout(waits); waits = null; list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const own = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    return [...select.options].filter((option) => option.value && !option.selected && words.every((word) => nameOf(option).toLowerCase().includes(word)));
  };
  const ask = async (words) => {
    try { return await (await fetch(`${find}${find.includes("?") ? "&" : "?"}q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(5_000) })).json(); } catch { return null; /* said below */ }
  };
  const free = (rows) => rows.map(({ value, label, hint }) => {
    const option = [...select.options].find((each) => each.value === value) ?? new Option(label, value);
    option.dataset.hint = hint;
    return option;
  }).filter((option) => !option.selected || !option.parentElement);
  const remark = (words) => {
    said.textContent = words;
    list.replaceChildren(make("li", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, words));
  };
  const unheard = () => {
    shown = [];
    remark("What can be chosen could not be loaded. Type again.");
    list.hidden = document.activeElement !== input;
    input.setAttribute("aria-expanded", String(!list.hidden));
  };
  const found = async () => {
    const mine = asked += 1;
    const rows = await ask(input.value);
    if (mine !== asked) return;
    waits = null;
    if (rows) draw(free(rows)); else unheard();
  };
  // Who types fast has pressed Enter, and typed on, before the answer comes: what is meant is chosen all the same, at its place.
  const enter = () => {
    const place = { words: input.value }, answer = ask(place.words);
    close();
    input.value = "";
    chosen = [...chosen, place];
    drawChips();
    turn = turn.then(async () => answered(place, await answer));
  };
  const answered = (place, rows) => {
    if (!chosen.includes(place)) return; // taken back meanwhile
    const fits = rows && free(rows), { words } = place;
    if (fits?.length && (select.multiple || place === chosen.at(-1))) { choose(fits[0], place); return; }
    if (fits?.length) { remove(place); return; } // where there is only one, the last counts
    place.missed = Boolean(input.value); // the box is full: it stays, and says so
    if (!place.missed) { remove(place); input.value = words; } // given back, to be mended
    if (!place.missed && document.activeElement !== input) lost = words;
    drawChips();
    if (!fits) unheard(); else if (input.value === words && document.activeElement === input) draw(fits);
  };
  const open = (event) => {
    if (!find) { draw(own()); return; }
    clearTimeout(waits);
    asked += 1; // what was asked before does not matter any more
    waits = setTimeout(found, event?.type === "input" ? 120 : 0);
  };
  const draw = (fits) => {
    shown = fits.slice(0, most);
    at = 0;
    list.replaceChildren(...shown.map((option, index) => {
      const group = option.parentElement?.label;
      const row = make("li", { role: "option", id: `${id}-${index}` }, ...(group ? [make("span", { class: "hint" }, `${group} `)] : []), option.textContent.trim(), ...(option.dataset.hint ? [make("span", { class: "hint" }, ` ${option.dataset.hint}`)] : []));
      row.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(option); });
      return row;
    }));
    if (fits.length > most) said.textContent = `${fits.length} fit. Type more of the name.`;
    if (find && !shown.length) remark("Nothing fits.");
    list.hidden = !list.childElementCount;
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (shown.length) mark();
  };
  const changed = (words) => {
    if (find && select.multiple) select.append(...chosen.filter((each) => !each.words)); // what is sent stands in this order, too
    said.textContent = words;
    drawChips();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const choose = (option, place = null) => {
    option = [...select.options].find((each) => each.value === option.value) ?? option; // it may have been found twice
    if (!option.parentElement) select.append(option);
    option.selected = true;
    const others = chosen.filter((each) => select.multiple && each !== option);
    chosen = others.includes(place) ? others.map((each) => (each === place ? option : each)) : [...others, option];
    if (!place) { input.value = ""; close(); }
    changed(`${nameOf(option)} chosen.`);
  };
  const remove = (each) => {
    chosen = chosen.filter((other) => other !== each);
    if (each.words) { drawChips(); return; }
    each.selected = false;
    if (!select.multiple) select.value = "";
    input.value = "";
    close();
    changed(`${nameOf(each)} removed.`);
  };

  const mended = () => { lost = ""; valid(); };
  input.addEventListener("input", (event) => { mended(); open(event); });
  input.addEventListener("click", open);
  input.addEventListener("blur", () => { close(); input.value = ""; mended(); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter and arrows are those of whoever writes in another script
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && list.hidden) { event.preventDefault(); open(); }
    else if (by && shown.length) { event.preventDefault(); at = (at + by + shown.length) % shown.length; mark(); }
    else if (event.key === "Enter" && waits !== null && input.value.trim()) { event.preventDefault(); enter(); }
    else if (event.key === "Enter" && waits !== null) event.preventDefault(); // what fits nothing that was typed is nobody's choice
    else if (event.key === "Enter" && !list.hidden && shown[at]) { event.preventDefault(); choose(shown[at]); }
    else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); close(); }
    else if (event.key === "Backspace" && !input.value && chosen.length) remove(chosen.at(-1));
  });

  if (select.required) { select.dataset.required = "yes"; select.required = false; }
  if (select.hasAttribute("aria-describedby")) input.setAttribute("aria-describedby", select.getAttribute("aria-describedby"));
  if (select.hasAttribute("aria-label")) input.setAttribute("aria-label", select.getAttribute("aria-label"));
  for (const label of select.labels) label.htmlFor = id;
  select.hidden = true;
  select.after(make("div", { class: "pick" }, chips, make("div", { class: "menu" }, input, list), said));
  close();
  drawChips();
  if (select.autofocus) input.focus();
}

const enhanceAll = (root) => root.querySelectorAll("select:is([multiple], [data-find]):not([hidden])").forEach(enhance);
enhanceAll(document);
document.addEventListener("htmx:load", (event) => enhanceAll(event.target));

// Where something has to be chosen and there is only one, it is chosen.
for (const select of document.querySelectorAll("select[required]:not([multiple])")) if (!select.value && select.options.length === 2) select.selectedIndex = 1;
