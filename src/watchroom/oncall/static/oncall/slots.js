// A time of a schedule's picture ([data-slots]) is chosen by dragging, on a phone after holding, or with the keyboard (arrows,
// Shift and arrows, Enter; the pattern: https://www.w3.org/WAI/ARIA/apg/patterns/listbox/); the form of an override then opens with
// it, filled in by the server. Without this script that form is filled in by hand, or from a shift of the list in words.
const HOUR = 3_600_000, DAY = 24 * HOUR, STEPS = [1, 2, 3, 4, 6, 12], LEAST_PX = 6, STILL_PX = 8, HOLD_MS = 400;

function choose(frame) {
  const told = JSON.parse(document.getElementById(frame.dataset.slots).textContent), { start, end, now, zone, shifts, chosen } = told;
  const lanes = frame.querySelector(".lanes"), spans = frame.querySelector(".lane-spans");
  if (!lanes || !spans || end <= now) return;
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "numeric", minute: "numeric", hourCycle: "h23", timeZone: zone });
  const named = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });

  const list = document.createElement("div");
  list.className = "slots";
  list.tabIndex = 0;
  for (const [name, value] of [["role", "listbox"], ["aria-multiselectable", "true"], ["aria-orientation", "horizontal"], ["aria-label", "Choose a time that somebody takes over"], ["aria-describedby", "slots-help"]]) list.setAttribute(name, value);
  lanes.append(list);
  document.getElementById("slots-help").hidden = false;

  let edges = [], slots = [], from = 0, to = 0; // the slots from ``from`` up to ``to`` are chosen; the keyboard stands at ``to``
  let some = false; // whether anything is chosen, or the keyboard only stands somewhere

  const who = (a, b) => [...new Set(shifts.filter((shift) => shift[0] < b && shift[1] > a).map((shift) => shift[2]))].join(", ") || "nobody";
  const wanted = (at) => { // on the clock of whoever reads: their midnight, their nine o'clock
    const [hour, minute] = clock.format(at).split(":").map(Number);
    return minute === 0 ? hour : -1;
  };

  function cut() {
    const width = spans.getBoundingClientRect().width, step = STEPS.find((hours) => width * hours * HOUR / (end - start) >= LEAST_PX) ?? 24;
    const at = new Set([Math.max(start, now), end, ...shifts.flat().filter((each) => typeof each === "number" && each > Math.max(start, now) && each < end)]);
    for (let each = start; each < end; each += HOUR) if (each > now && wanted(each) >= 0 && wanted(each) % step === 0) at.add(each);
    const [was, until] = [edges[Math.min(from, to)], edges[Math.max(from, to) + 1]];
    edges = [...at].sort((a, b) => a - b);
    slots = edges.slice(0, -1).map((begins, index) => {
      const slot = document.createElement("div"), ends = edges[index + 1];
      slot.setAttribute("role", "option");
      slot.id = `slot-${index}`;
      slot.setAttribute("aria-label", `${named.format(begins)} to ${named.format(ends)}, ${who(begins, ends)}`);
      slot.style.left = `${(begins - start) / (end - start) * 100}%`;
      slot.style.width = `${(ends - begins) / (end - start) * 100}%`;
      return slot;
    });
    list.replaceChildren(...slots);
    if (was) span(was, until); else { from = to = 0; }
    draw();
  }

  const slotAt = (at) => Math.max(0, Math.min(slots.length - 1, edges.findLastIndex((edge) => edge <= at)));
  const span = (a, b) => { from = slotAt(a); to = Math.max(from, slotAt(b - 1)); };
  function draw() {
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    slots.forEach((slot, index) => {
      slot.setAttribute("aria-selected", String(some && index >= first && index <= last));
      slot.classList.toggle("at", index === to);
    });
    if (slots[to]) list.setAttribute("aria-activedescendant", slots[to].id);
  }
  function open() {
    const [a, b] = [edges[Math.min(from, to)], edges[Math.max(from, to) + 1]];
    const address = new URL(frame.dataset.to, location.href);
    address.searchParams.set("begins", new Date(a).toISOString());
    address.searchParams.set("ends", new Date(b).toISOString());
    if (location.href === address.href) location.reload(); else location.assign(address);
  }
  function none() { some = false; from = to; draw(); }

  // --- With the keyboard
  list.addEventListener("keydown", (event) => {
    const day = slotAt(edges[to] + (event.key === "PageDown" || event.key === "ArrowDown" ? DAY : -DAY));
    const next = { ArrowLeft: to - 1, ArrowRight: to + 1, Home: 0, End: slots.length - 1, PageUp: day, PageDown: day, ArrowUp: day, ArrowDown: day }[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (next !== undefined) {
      to = Math.max(0, Math.min(slots.length - 1, next));
      if (!event.shiftKey) from = to;
      some = event.shiftKey;
      draw();
      slots[to].scrollIntoView({ block: "nearest", inline: "nearest" });
    } else if (event.key === "Enter" || event.key === " ") open();
    else if (event.key === "Escape" && some) none();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // --- With a mouse, a pen or a finger
  let pressed = null; // {x, y, at, dragging, hold} of the one pointer that counts
  const timeOf = (event) => {
    const box = spans.getBoundingClientRect();
    return start + Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * (end - start);
  };
  const drag = () => { pressed.dragging = true; some = true; from = to = slotAt(pressed.at); draw(); };
  const leave = () => { clearTimeout(pressed?.hold); pressed = null; lanes.classList.remove("dragging"); };
  lanes.addEventListener("pointerdown", (event) => {
    const box = spans.getBoundingClientRect();
    if (event.button || !event.isPrimary || event.target.closest("a") || event.clientX < box.left || event.clientX > box.right) return;
    pressed = { x: event.clientX, y: event.clientY, at: timeOf(event), dragging: false, hold: null };
    if (pressed.at < now) { pressed = null; return; } // what has passed is corrected elsewhere
    if (event.pointerType !== "touch") { event.preventDefault(); lanes.setPointerCapture(event.pointerId); return; }
    pressed.hold = setTimeout(() => { drag(); lanes.classList.add("dragging"); navigator.vibrate?.(15); }, HOLD_MS);
  });
  lanes.addEventListener("pointermove", (event) => {
    if (!pressed || !event.isPrimary) return;
    const moved = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > STILL_PX;
    if (!pressed.dragging && moved) {
      if (event.pointerType === "touch") { leave(); return; } // that scrolls
      drag();
    }
    if (pressed.dragging) { to = slotAt(timeOf(event)); draw(); }
  });
  lanes.addEventListener("pointerup", () => {
    const chose = pressed?.dragging;
    leave();
    if (chose) open();
  });
  lanes.addEventListener("pointercancel", () => { if (pressed?.dragging) none(); leave(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && pressed?.dragging) { none(); leave(); } });
  lanes.addEventListener("touchmove", (event) => { if (pressed?.dragging) event.preventDefault(); }, { passive: false }); // while one drags nothing scrolls
  lanes.addEventListener("contextmenu", (event) => { if (pressed?.dragging) event.preventDefault(); });

  cut();
  if (chosen) { span(...chosen); some = true; draw(); }
  let width = spans.getBoundingClientRect().width;
  new ResizeObserver(() => {
    const fresh = spans.getBoundingClientRect().width;
    if (!pressed && fresh !== width) { width = fresh; cut(); }
  }).observe(lanes);
}

for (const frame of document.querySelectorAll("[data-slots]")) choose(frame);
