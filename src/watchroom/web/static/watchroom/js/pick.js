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
  let shown = [], at = 0, chosen = [...select.selectedOptions].filter((option) => option.value); // in the order in which they were chosen
  let asked = 0, waits = null; // of data-find: the last question, and whether it is still open
  const entered = new Set(); // words that were entered before their answer had come
  let lost = ""; // words that found nothing after the box had been left: they are given back, and must not go unseen

  const drawChips = () => {
    chips.replaceChildren(...chosen.map((option) => {
      const off = make("button", { type: "button", "aria-label": `Remove ${nameOf(option)}` }, "×");
      off.addEventListener("click", () => { choose(option, false); input.focus(); });
      return make("li", {}, nameOf(option), off);
    }));
    chips.hidden = !chips.childElementCount;
    input.placeholder = select.multiple || chips.hidden ? empty : "Another one";
    valid();
  };
  const valid = () => input.setCustomValidity(entered.size ? `“${[...entered].join("”, “")}” is still being looked for. Send again in a moment.` : lost ? `“${lost}” is not chosen: nothing was found. Type it again, or leave the box empty.` : select.dataset.required && chips.hidden ? "Choose at least one." : "");
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
    const rows = await (await fetch(`${find}${find.includes("?") ? "&" : "?"}q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(5_000) })).json();
    return rows.map(({ value, label, hint }) => {
      const option = [...select.options].find((each) => each.value === value) ?? new Option(label, value);
      option.dataset.hint = hint;
      return option;
    }).filter((option) => !option.selected || !option.parentElement);
  };
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
    let fits = null;
    try { fits = await ask(input.value); } catch { /* said below */ }
    if (mine !== asked) return;
    waits = null;
    if (fits) draw(fits); else unheard();
  };
  // Who types fast has pressed Enter, and typed on, before the answer comes: what is meant is chosen all the same.
  const enter = async () => {
    const words = input.value;
    close();
    input.value = "";
    entered.add(words);
    valid();
    let fits = null;
    try { fits = await ask(words); } catch { /* said below */ }
    entered.delete(words);
    if (fits?.length) { choose(fits[0], true, true); return; }
    if (!input.value) input.value = words; // given back, to be mended
    if (document.activeElement !== input) lost = words;
    valid();
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
      row.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(option, true); });
      return row;
    }));
    if (fits.length > most) said.textContent = `${fits.length} fit. Type more of the name.`;
    if (find && !shown.length) remark("Nothing fits.");
    list.hidden = !list.childElementCount;
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (shown.length) mark();
  };
  const choose = (option, on, meanwhile = false) => {
    option = [...select.options].find((each) => each.value === option.value) ?? option; // it may have been found twice
    if (!option.parentElement) select.append(option);
    option.selected = on;
    if (!select.multiple && !on) select.value = "";
    chosen = (select.multiple ? chosen : []).filter((each) => each !== option).concat(on ? [option] : []);
    said.textContent = `${nameOf(option)} ${on ? "chosen" : "removed"}.`;
    if (!meanwhile) input.value = "";
    drawChips();
    if (!meanwhile) close();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const mended = () => { lost = ""; valid(); };
  input.addEventListener("input", (event) => { mended(); open(event); });
  input.addEventListener("click", open);
  input.addEventListener("blur", () => { close(); input.value = ""; mended(); });
  input.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && list.hidden) { event.preventDefault(); open(); }
    else if (by && shown.length) { event.preventDefault(); at = (at + by + shown.length) % shown.length; mark(); }
    else if (event.key === "Enter" && waits !== null && input.value.trim()) { event.preventDefault(); enter(); }
    else if (event.key === "Enter" && waits !== null) event.preventDefault(); // what fits nothing that was typed is nobody's choice
    else if (event.key === "Enter" && !list.hidden && shown[at]) { event.preventDefault(); choose(shown[at], true); }
    else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); close(); }
    else if (event.key === "Backspace" && !input.value && chosen.length) choose(chosen.at(-1), false);
  });

  if (select.required) { select.dataset.required = "yes"; select.required = false; }
  if (select.hasAttribute("aria-describedby")) input.setAttribute("aria-describedby", select.getAttribute("aria-describedby"));
  if (select.hasAttribute("aria-label")) input.setAttribute("aria-label", select.getAttribute("aria-label"));
  for (const label of select.labels) label.htmlFor = id;
  select.hidden = true;
  select.after(make("div", { class: "pick" }, chips, make("div", { class: "menu" }, input, list), said));
  close();
  drawChips();
}

const enhanceAll = (root) => root.querySelectorAll("select:is([multiple], [data-find]):not([hidden])").forEach(enhance);
enhanceAll(document);
document.addEventListener("htmx:load", (event) => enhanceAll(event.target));

// Where something has to be chosen and there is only one, it is chosen.
for (const select of document.querySelectorAll("select[required]:not([multiple])")) if (!select.value && select.options.length === 2) select.selectedIndex = 1;
