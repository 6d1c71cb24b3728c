// "Page me on this device": registers the service worker, asks for the permission, subscribes, and hands the subscription
// to the form, which is sent like any other.
const card = document.querySelector("[data-push]");
const state = card?.querySelector("[data-push-state]"), form = card?.querySelector("[data-push-form]");
const button = form?.querySelector("button.primary"), help = card?.querySelector("[data-push-help]");
const apple = /iPhone|iPad/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
const installed = matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

function device() {
  const agent = navigator.userAgent;
  const system = apple ? (/iPad/.test(agent) || navigator.maxTouchPoints > 1 && !/iPhone/.test(agent) ? "iPad" : "iPhone")
    : /Android/.test(agent) ? "Android" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "Mac" : "Linux";
  const browser = /Firefox/.test(agent) ? "Firefox" : /Edg\//.test(agent) ? "Edge" : /Chrome/.test(agent) ? "Chrome" : "Safari";
  return installed ? `Watchroom on ${system}` : `${browser} on ${system}`;
}

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));

function say(text, usable = true) {
  state.textContent = text;
  button.disabled = !usable;
}

async function subscribe(event) {
  if (form.elements.endpoint.value) return;   // the second time, with everything filled in: let it go
  event.preventDefault();
  event.stopImmediatePropagation();
  delete form.dataset.busy;   // busy.js took it for sent
  button.removeAttribute("aria-busy");
  say("Asking this device…", false);
  try {
    // Asked first and at once: Safari allows the question only while the press is still going on.
    if (await Notification.requestPermission() !== "granted") {
      return say("Notifications of this site are forbidden on this device. " +
        "Allow them in the browser's or the system's settings, then press again.");
    }
    const worker = await navigator.serviceWorker.register("/service-worker.js");
    await navigator.serviceWorker.ready;
    const { key } = await (await fetch(card.dataset.keyUrl)).json();
    const old = await worker.pushManager.getSubscription();
    const same = old && new Uint8Array(old.options.applicationServerKey ?? []).join() === bytes(key).join();
    if (old && !same) await old.unsubscribe();   // made for another installation's key: of no use to us
    const asked = { userVisibleOnly: true, applicationServerKey: bytes(key) };
    const { endpoint, keys } = (same ? old : await worker.pushManager.subscribe(asked)).toJSON();
    const values = { endpoint, p256dh: keys.p256dh, auth: keys.auth, device: device(), label: device() };
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
    button.disabled = false;
    form.requestSubmit();
  } catch (error) {
    say(`This device could not be set up: ${error.message}`);
  }
}

if (card) {
  form.addEventListener("submit", subscribe, true);
  if (!isSecureContext) say("Push needs HTTPS: it can be switched on once Watchroom has an https:// address.", false);
  else if (apple && !installed) {
    say("On an iPhone or iPad, add Watchroom to the home screen first: Share, then Add to Home Screen.", false);
    help.open = true;
  } else if (!("PushManager" in window)) say("This browser has no push. Use another one, or another way below.", false);
  else navigator.serviceWorker.register("/service-worker.js").catch(() => { /* pressing the button says why */ });
  addEventListener("beforeinstallprompt", (event) => {
    const install = card.querySelector("[data-install]");
    event.preventDefault();
    install.hidden = false;
    install.addEventListener("click", () => event.prompt(), { once: true });
  });
}
