// The composer. A line goes into a queue on this device first, and from there to the server: in order, and once, since
// each has a key of its own. Without a connection it waits there, also when the page is closed.
import { complete, help } from "./completion.js";
import { queue } from "./queue.js";
import { Blames, Later, send } from "./sending.js";

const form = document.getElementById("compose");
const area = document.getElementById("compose-text");
const pending = document.getElementById("pending-lines");
const waiting = form?.querySelector("[data-waiting]");
const chosen = form?.querySelector("[data-chosen-files]");
const kind = form?.elements.kind, parent = form?.elements.parent;
const toast = (text, tone = "info") => document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone } }));
const csrf = () => form.querySelector('[name="csrfmiddlewaretoken"]').value;   // whoever signs in elsewhere has another: nobody writes in their name from here
const who = document.querySelector('meta[name="person-topic"]')?.content;
const own = async () => (await queue.all()).filter((line) => !line.who || line.who === who);   // a device may have another person at it now
const randomHex = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
const newKey = () => crypto.randomUUID?.() ?? randomHex().join("");   // without TLS a browser has no UUIDs

// --- Sending ------------------------------------------------------------------------------------------------------------

let timer, pause = 2_000, why = "";

async function flushHere() {
  const behind = new Set();   // incidents of which a line waits: the others are not held up by it
  for (const line of await own()) {
    if (line.refused || line.wording || behind.has(line.incident)) continue;
    try {
      const { text, entry } = await send(line, csrf());
      await queue.remove(line.n);
      if (!entry) toast(text, "success");
      pause = 2_000;
      why = "";
    } catch (error) {
      if (error instanceof Later) {
        behind.add(line.incident);                 // the order stays
        why = error.message;
        continue;
      }
      if (error instanceof Blames) {
        await queue.put({ ...line, wording: error.wording });
        toast("Not written yet: look at its words first. Nobody else has seen it.");
      } else await queue.put({ ...line, refused: error.message || "It was refused." });
    }
    await draw();
    document.dispatchEvent(new CustomEvent("room:changed"));
  }
  clearTimeout(timer);
  if (behind.size) {
    timer = setTimeout(flush, pause);
    pause = Math.min(pause * 2, 30_000);
  }
  await draw();
}

// One tab at a time sends; the others find the queue empty.
const flush = () => (navigator.locks ? navigator.locks.request("watchroom-lines", flushHere) : flushHere());

// What stands there, why it does not help, and how it could read instead.
function blamed({ phrase, why, better, instead }) {
  const said = document.createElement("p");
  said.className = "sub";
  const words = Object.assign(document.createElement("b"), { textContent: `“${phrase}”` });
  said.append(words, ` ${why} ${better} For example: “${instead}”`);
  return said;
}

async function draw() {
  const lines = await own(), here = lines.filter((line) => String(line.incident) === form.dataset.incident);
  pending.replaceChildren(...here.reverse().map((line) => {
    const row = document.createElement("li"), text = document.createElement("p"), state = document.createElement("p");
    row.className = "log-entry waiting";
    text.textContent = line.text || line.files.map((file) => file.name).join(", ");
    state.className = "sub";
    state.textContent = line.refused ? `Not written: ${line.refused} `
      : line.wording ? "Not written yet; only you see it. " : "Waiting to be sent";
    row.append(text, ...(line.wording ?? []).map(blamed), state);
    const button = (word, act) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "button small";
      made.textContent = word;
      made.addEventListener("click", act);
      state.append(made, " ");
    };
    const discard = async () => { await queue.remove(line.n); draw(); };
    const change = async () => {   // what stands in the field already is not lost for it
      area.value = [line.text, area.value.trim()].filter(Boolean).join("\n");
      localStorage.setItem(draft, area.value);
      kind.value = line.kind;
      form.elements.at.value ||= line.at;
      take(line.files);
      area.focus();
      await discard();
    };
    const writeAsIs = async () => { await queue.put({ ...line, wording: undefined, asIs: true }); flush(); };
    if (line.refused || line.wording) button("Change it", change);
    if (line.wording) button("Write it as it stands", writeAsIs);
    if (line.refused || line.wording) button("Discard", discard);
    return row;
  }));
  const count = lines.filter((line) => !line.refused && !line.wording).length;
  waiting.hidden = !count;
  const are = count === 1 ? "line is" : "lines are";
  waiting.textContent = count ? `${count} ${are} waiting to be sent; they are kept on this device. ${why}` : "";
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

const draft = `draft:${form?.dataset.incident}:${who}`;

async function write() {
  let text = area.value.trim();
  if (!text && !files.length) { area.focus(); return; }
  if (/^\/help$/i.test(text)) { await help(); return; }
  if (form.dataset.answers && text && !text.startsWith("/")) text = `/answer #${parent.value} ${text}`;
  const line = {
    key: newKey(),
    who,
    incident: form.dataset.incident,
    kind: kind.value,
    text,
    parent: form.dataset.answers ? "" : parent.value,
    at: form.elements.at.value,
    files,
    written: Date.now(),
  };
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

// --- Together ------------------------------------------------------------------------------------------------------------

if (form) {
  form.addEventListener("submit", (event) => { event.preventDefault(); write(); });
  area.addEventListener("input", () => localStorage.setItem(draft, area.value));
  complete((event) => {
    // Enter writes where there is a keyboard; on a phone it is a new line, and the button writes.
    const writes = event.ctrlKey || event.metaKey || (!event.shiftKey && matchMedia("(pointer: fine)").matches);
    if (event.key === "Enter" && writes && !event.isComposing) { event.preventDefault(); write(); }
  });
  area.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) { event.preventDefault(); take(event.clipboardData.files); }
  });
  form.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  form.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length) { event.preventDefault(); take(event.dataTransfer.files); }
  });
  form.querySelector("[data-choose-files]").addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = "";
  });
  form.querySelector("[data-under-off]").addEventListener("click", () => under("", "", ""));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-under]");
    if (!button) return;
    button.closest("details[data-menu]")?.removeAttribute("open");
    under(button.dataset.under, button.dataset.underText, button.dataset.underKind);
  });
  area.value ||= localStorage.getItem(draft) ?? "";
  addEventListener("online", flush);
  addEventListener("beforeunload", (event) => { if (queue.isFragile()) event.preventDefault(); });
  document.addEventListener("live:again", flush);
  draw().then(flush);
}
