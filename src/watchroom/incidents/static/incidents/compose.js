// The composer. A line goes into a queue on this device first, and from there to the server: in order, and once, since
// each has a key of its own. Without a connection it waits there, also when the page is closed.
import { reason } from "./room.js";

const form = document.getElementById("compose");
const area = document.getElementById("compose-text");
const list = document.getElementById("completions");
const pending = document.getElementById("pending-lines");
const waiting = form?.querySelector("[data-waiting]");
const chosen = form?.querySelector("[data-chosen-files]");
const kind = form?.elements.kind, parent = form?.elements.parent;
const toast = (text, tone = "info") => document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone } }));
const csrf = () => form.querySelector('[name="csrfmiddlewaretoken"]').value;
const newKey = () => crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

// --- The queue: IndexedDB; where the browser has none (a private window), this page's memory ---------------------------

const memory = [];
let number = 0;

const opened = new Promise((resolve) => {
  try {
    const asked = indexedDB.open("watchroom", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("lines", { keyPath: "n", autoIncrement: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = asked.onblocked = () => resolve(null);
  } catch { resolve(null); }
});

async function store(mode, act) {
  const db = await opened;
  return new Promise((resolve, reject) => {
    const made = db.transaction("lines", mode), asked = act(made.objectStore("lines"));
    made.oncomplete = () => resolve(asked?.result);
    made.onerror = made.onabort = () => reject(made.error);
  });
}

const queue = {
  async add(line) {
    if (await opened) { try { return await store("readwrite", (lines) => lines.add(line)); } catch { /* full: memory */ } }
    memory.push({ ...line, n: --number });
    return number;
  },
  async all() {
    const kept = (await opened) ? await store("readonly", (lines) => lines.getAll()) : [];
    return [...kept, ...memory];
  },
  async put(line) {
    if (line.n < 0) { memory.splice(memory.findIndex((each) => each.n === line.n), 1, line); return; }
    await store("readwrite", (lines) => lines.put(line));
  },
  async remove(n) {
    if (n < 0) { memory.splice(memory.findIndex((each) => each.n === n), 1); return; }
    await store("readwrite", (lines) => lines.delete(n));
  },
};

// --- Sending ------------------------------------------------------------------------------------------------------------

class Later extends Error {}      // no connection, or the server can't at this moment
class Never extends Error {}      // the server refuses this line
class Blames extends Error {      // its words ask who, not what: whoever wrote it looks first
  constructor(wording) { super(); this.wording = wording; }
}

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, { ...options, method: "POST", headers: { Accept: "application/json", "X-CSRFToken": csrf(), ...options.headers } });
  } catch { throw new Later(); }
  if (answer.redirected || answer.status >= 500 || [401, 403, 408, 429].includes(answer.status)) throw new Later();
  if (answer.status === 422) {
    const said = await answer.clone().json().catch(() => ({}));
    if (said.wording) throw new Blames(said.wording);
  }
  if (!answer.ok) throw new Never(await reason(answer));
  return answer.json();
}

async function send(line) {
  const ids = [];
  for (const file of line.files) {
    const url = `/incidents/${line.incident}/attachments?name=${encodeURIComponent(file.name ?? "")}`;
    ids.push((await ask(url, { body: file, headers: { "Content-Type": "application/octet-stream" } })).id);
  }
  const body = new URLSearchParams({ client_key: line.key, kind: line.kind, text: line.text, parent: line.parent, at: line.at });
  const ago = Math.round((Date.now() - line.written) / 1000);
  if (!line.at && ago > 5) body.set("ago", ago);
  if (line.asIs) body.set("as_is", "yes");
  ids.forEach((id) => body.append("attachment", id));
  return ask(`/incidents/${line.incident}/log`, { body });
}

let timer, pause = 2_000;

async function flushHere() {
  for (const line of await queue.all()) {
    if (line.refused || line.wording) continue;
    try {
      const { text, entry } = await send(line);
      await queue.remove(line.n);
      if (!entry) toast(text, "success");
      pause = 2_000;
    } catch (error) {
      if (error instanceof Later) {
        clearTimeout(timer);
        timer = setTimeout(flush, pause);
        pause = Math.min(pause * 2, 30_000);
        break;                                     // the order stays
      }
      if (error instanceof Blames) {
        await queue.put({ ...line, wording: error.wording });
        toast("Not written yet: look at its words first. Nobody else has seen it.");
      } else await queue.put({ ...line, refused: error.message || "It was refused." });
    }
    await draw();
    document.dispatchEvent(new CustomEvent("room:changed"));
  }
  await draw();
}

// One tab at a time sends; the others find the queue empty.
const flush = () => (navigator.locks ? navigator.locks.request("watchroom-lines", flushHere) : flushHere());

// What stands there, why it does not help, and how it could read instead.
function blamed({ phrase, why, better, instead }) {
  const said = document.createElement("p");
  said.className = "sub";
  said.append(Object.assign(document.createElement("b"), { textContent: `“${phrase}”` }), ` ${why} ${better} For example: “${instead}”`);
  return said;
}

async function draw() {
  const lines = await queue.all(), here = lines.filter((line) => String(line.incident) === form.dataset.incident);
  pending.replaceChildren(...here.reverse().map((line) => {
    const row = document.createElement("li"), text = document.createElement("p"), state = document.createElement("p");
    row.className = "log-entry waiting";
    text.textContent = line.text || line.files.map((file) => file.name).join(", ");
    state.className = "sub";
    state.textContent = line.refused ? `Not written: ${line.refused} ` : line.wording ? "Not written yet; only you see it. " : "Waiting to be sent";
    row.append(text, ...(line.wording ?? []).map(blamed), state);
    const button = (word, act) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "button small";
      made.textContent = word;
      made.addEventListener("click", act);
      state.append(made, " ");
    };
    if (line.refused || line.wording) button("Change it", async () => { area.value = line.text; kind.value = line.kind; area.focus(); await queue.remove(line.n); draw(); });
    if (line.wording) button("Write it as it stands", async () => { await queue.put({ ...line, wording: undefined, asIs: true }); flush(); });
    if (line.refused || line.wording) button("Discard", async () => { await queue.remove(line.n); draw(); });
    return row;
  }));
  const count = lines.filter((line) => !line.refused && !line.wording).length;
  waiting.hidden = !count;
  waiting.textContent = count ? `${count} ${count === 1 ? "line is" : "lines are"} waiting to be sent; they are kept on this device.` : "";
}

// --- Writing ------------------------------------------------------------------------------------------------------------

let files = [];

function showFiles() {
  chosen.replaceChildren(...files.map((file) => {
    const row = document.createElement("li"), off = document.createElement("button");
    off.type = "button";
    off.className = "button small";
    off.textContent = `${file.name} ×`;
    off.setAttribute("aria-label", `Take away ${file.name}`);
    off.addEventListener("click", () => { files = files.filter((each) => each !== file); showFiles(); area.focus(); });
    row.append(off);
    return row;
  }));
}

function take(more) {
  for (const file of more) {
    if (file.size > 10 * 1024 * 1024) toast(`${file.name} is larger than 10 MB. Put it elsewhere and write down the link.`, "error");
    else files.push(file);
  }
  showFiles();
}

function under(id, text, of) {
  parent.value = id;
  const shown = form.querySelector("[data-under-shown]");
  shown.hidden = !id;
  shown.querySelector("span").textContent = of === "question" ? `Answer to: ${text}` : `Under: ${text}`;
  form.dataset.answers = of === "question" ? "yes" : "";
  if (of === "hypothesis") kind.value = "result";
  area.focus();
}

const draft = `draft:${form?.dataset.incident}`;

async function write() {
  let text = area.value.trim();
  if (!text && !files.length) { area.focus(); return; }
  if (/^\/help$/i.test(text)) { area.value = "/"; area.focus(); await load(); offer(); return; }   // all commands, to choose from
  if (form.dataset.answers && text && !text.startsWith("/")) text = `/answer #${parent.value} ${text}`;
  const line = { key: newKey(), incident: form.dataset.incident, kind: kind.value, text, parent: form.dataset.answers ? "" : parent.value, at: form.elements.at.value, files, written: Date.now() };
  // The field is free at once: whoever goes on writing while the line is being kept loses nothing of the next one.
  area.value = "";
  files = [];
  form.elements.at.value = "";
  kind.value = "note";
  showFiles();
  under("", "", "");
  await queue.add(line);
  if (!area.value) localStorage.removeItem(draft);
  await draw();
  flush();
}

// --- Completion of /commands and @people ---------------------------------------------------------------------------------

let words = null, offered = [], marked = 0, field = area;

async function load() {
  if (words) return;
  words = { commands: [], people: [] };
  try { words = await (await fetch(form.dataset.words, { headers: { Accept: "application/json" } })).json(); } catch { words = null; }
}

// The word before the cursor that can be completed: [its beginning, what it is]
function begun() {
  const left = field.value.slice(0, field.selectionStart), command = left.match(/^\/([\w-]*)$/), person = left.match(/(?:^|\s)@([\w.+-]*)$/);
  if (command && field === area) return ["/", command[1].toLowerCase()];
  return person ? ["@", person[1].toLowerCase()] : null;
}

function offer() {
  const word = words && begun();
  if (!word) { close(); return; }
  const [sign, typed] = word;
  offered = sign === "/"
    ? words.commands.filter((each) => each.name.startsWith(typed)).map((each) => ({ text: `/${each.name} `, label: `/${each.name}`, hint: each.does, title: each.example }))
    : words.people.filter((each) => each.handle.startsWith(typed) || each.name.toLowerCase().split(/\s+/).some((part) => part.startsWith(typed)))
      .map((each) => ({ text: `@${each.handle} `, label: `@${each.handle}`, hint: each.name }));
  if (sign === "@") offered = offered.slice(0, 8);
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

function keys(event) {
  if (!list.hidden && offered.length) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); marked = (marked + by + offered.length) % offered.length; show(); return; }
    if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); choose(marked); return; }
    if (event.key === "Escape") { event.preventDefault(); close(); return; }
  }
  // Enter writes where there is a keyboard; on a phone it is a new line, and the button writes.
  const writes = event.ctrlKey || event.metaKey || (!event.shiftKey && matchMedia("(pointer: fine)").matches);
  if (field === area && event.key === "Enter" && writes && !event.isComposing) { event.preventDefault(); write(); }
}

// --- Together ------------------------------------------------------------------------------------------------------------

if (form) {
  form.addEventListener("submit", (event) => { event.preventDefault(); write(); });
  document.addEventListener("focusin", (event) => {
    if (event.target === area || event.target.matches("[data-words=people]")) { field = event.target; load().then(offer); }
  });
  document.addEventListener("focusout", (event) => { if (event.target === field) close(); });
  document.addEventListener("input", (event) => {
    if (event.target !== field) return;
    if (field === area) localStorage.setItem(draft, area.value);
    offer();
  });
  document.addEventListener("keydown", (event) => { if (event.target === field) keys(event); });
  area.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) { event.preventDefault(); take(event.clipboardData.files); }
  });
  form.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) event.preventDefault(); });
  form.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) { event.preventDefault(); take(event.dataTransfer.files); } });
  form.querySelector("[data-choose-files]").addEventListener("change", (event) => { take(event.target.files); event.target.value = ""; });
  form.querySelector("[data-under-off]").addEventListener("click", () => under("", "", ""));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-under]");
    if (button) { button.closest("details[data-menu]")?.removeAttribute("open"); under(button.dataset.under, button.dataset.underText, button.dataset.underKind); }
  });
  area.value ||= localStorage.getItem(draft) ?? "";
  addEventListener("online", flush);
  document.addEventListener("live:again", flush);
  draw().then(flush);
}
