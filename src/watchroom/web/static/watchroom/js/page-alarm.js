// Being paged while Watchroom is open: the page appears at once, above everything, and sounds. The phone rings all the
// same; this only saves the seconds. /me/pending-page answers with a fragment <div data-pending="ID"> that has its own
// buttons, or with nothing. Where it also has data-seen="address", a POST there says that it is on the person's screen.
const topic = document.querySelector('meta[name="person-topic"]')?.content;
const headers = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
const LOOKED = "looked-at-page";   // in this tab; who looks at it first is not covered by it again, the next try is another page
let dialog = null, sound = null, before = null;
let later; // asks again where no answer came
let asked = 0, heard = 0, arriving = true; // questions may be answered in another order: what was asked last is what holds

// Two tones, rising, every two seconds. Browsers allow sound only after the person has touched the page.
function ring() {
  try {
    const audio = new AudioContext(), volume = audio.createGain();
    volume.gain.value = 0.25;
    volume.connect(audio.destination);
    const beep = () => [[660, 0], [880, 0.25]].forEach(([pitch, after]) => {
      const tone = audio.createOscillator();
      tone.frequency.value = pitch;
      tone.connect(volume);
      tone.start(audio.currentTime + after);
      tone.stop(audio.currentTime + after + 0.2);
    });
    beep();
    const timer = setInterval(beep, 2_000);
    return () => { clearInterval(timer); audio.close(); };
  } catch { return () => {}; }
}

function notify(text) {
  try {
    if (!document.hidden || Notification.permission !== "granted") return;
    const note = new Notification("You are being paged", { body: text, tag: "page", requireInteraction: true });
    note.onclick = () => { focus(); note.close(); };
  } catch { /* not every browser has notifications */ }
}

// Only a person's press may ask for the permission: <button data-allow-notifications>.
document.addEventListener("click", (event) => { if (event.target.closest("[data-allow-notifications]")) globalThis.Notification?.requestPermission(); });

// It has been looked at: it does not cover anything again in this tab.
const leave = () => sessionStorage.setItem(LOOKED, dialog.dataset.pending);

// It is on the person's screen.
function report(seen) {
  if (seen) fetch(seen, { method: "POST", headers }).catch(() => { /* the next check says it again */ });
}

function silence() {
  sound?.();
  sound = null;   // a sound can be ended only once
}

function stop() {
  silence();
  const over = dialog;
  dialog = null;
  if (!over) return;
  over.remove();
  const back = before?.isConnected ? before : document.getElementById(before?.id);   // the page may have re-read itself
  if (document.activeElement === document.body) back?.focus({ preventScroll: true });
}

function show(html, pending) {
  stop();
  before = document.activeElement;
  const typing = before?.matches("input, textarea, select, [contenteditable]");
  const own = dialog = document.createElement("dialog");
  dialog.dataset.pending = pending;
  dialog.tabIndex = -1;
  dialog.className = "dialog alarm-dialog";
  dialog.dataset.stay = "yes";
  dialog.setAttribute("aria-label", "You are being paged");
  const body = document.createElement("div"), quiet = document.createElement("button");
  body.className = "body";
  body.innerHTML = html;      // our own server's fragment; the content security policy keeps scripts out of it
  quiet.type = "button";
  quiet.className = "button quiet";
  quiet.textContent = "Stop the sound";
  quiet.addEventListener("click", () => {
    if (!sound) { leave(); stop(); return; }
    silence();
    quiet.textContent = "Not now";
  });
  body.append(quiet);
  body.addEventListener("click", (event) => {
    if (!event.target.closest("a[href]")) return;
    leave();
    silence();
  });
  dialog.append(body);
  document.body.append(dialog);
  window.htmx?.process(dialog);
  dialog.addEventListener("close", () => { if (dialog === own) stop(); });
  dialog.showModal();
  // Who is in the middle of a word does not answer a page with it.
  ((!typing && body.querySelector("[autofocus], .button.primary, .button.alarm")) || dialog).focus();
  sound = ring();
  report(body.querySelector("[data-seen]")?.dataset.seen);
  notify(body.textContent.trim().replace(/\s+/g, " ").slice(0, 160));
}

// Who has come to what the page is about, from a message for instance, has its button before them: nothing covers that.
// Only as they arrive: in a tab that stands open for hours it rings.
function isHere(html) {
  const page = document.createElement("template");
  page.innerHTML = html;
  const about = page.content.querySelector("a[data-about]")?.getAttribute("href");
  return !document.hidden && about !== undefined && new URL(about, location.href).pathname === location.pathname;
}

async function check() {
  const mine = asked += 1;
  clearTimeout(later);
  try {
    const answer = await fetch("/me/pending-page", { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout?.(20_000) });
    if (answer.status >= 500 || answer.status === 429) throw new Error(answer.status);
    if (!answer.ok) return;   // who does not answer has not said that it was acknowledged
    const html = answer.status === 200 ? (await answer.text()).trim() : "";
    if (mine < heard) return;
    heard = mine;
    // The same page again must not start the sound again; nothing else in the fragment tells them apart.
    const pending = html.match(/data-pending="(\d+)"/)?.[1];
    if (pending !== undefined && arriving && isHere(html)) {
      sessionStorage.setItem(LOOKED, pending);
      report(html.match(/data-seen="([^"]+)"/)?.[1]);
    }
    arriving = false;
    const looked = pending !== undefined && sessionStorage.getItem(LOOKED) === pending;
    if (html && !looked && !(dialog && dialog.dataset.pending === pending)) show(html, pending);
    if (!html) stop();        // acknowledged elsewhere: silence at once
  } catch { if (mine === asked) later = setTimeout(check, 5_000); } // a page that was not heard of does not ring
}

if (topic) {
  document.addEventListener(`live:${topic}`, () => check());
  document.addEventListener("live:again", () => check());
  document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });
  check();
}
