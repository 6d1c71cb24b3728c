// The installed app while no tab is open: shows what comes by push, answers by its button, and has a page for when there
// is no connection. It holds no session: what it does for its person is signed in the message itself.
const SHELL = "shell-2", PAGES = "pages", KEEP = 20;
const OFFLINE = "/offline";
const PARTS = [OFFLINE, "/static/watchroom/css/reset.css", "/static/watchroom/css/tokens.css", "/static/watchroom/css/base.css",
  "/static/watchroom/css/layout.css", "/static/watchroom/css/controls.css", "/static/watchroom/css/components.css",
  "/static/watchroom/css/utilities.css", "/static/watchroom/js/theme.js", "/static/watchroom/js/offline.js", "/static/watchroom/favicon.svg"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(PARTS)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== SHELL && name !== PAGES) await caches.delete(name);
    await self.clients.claim();
  })());
});

// The network first, always: a page of yesterday is worse than none. Without it, our own page with the latest messages.
self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => (await caches.match(OFFLINE)) ?? Response.error()));
  } else if (PARTS.includes(url.pathname)) {
    event.respondWith(fetch(request).catch(async () => (await caches.match(url.pathname)) ?? Response.error()));
  }
});

// Without its signed links: they are good only in the notification itself.
async function keep({ key, title, body, sent_at }) {
  const page = { key, title, body, sent_at };
  const cache = await caches.open(PAGES);
  const kept = new Response(JSON.stringify(page), { headers: { "Content-Type": "application/json" } });
  await cache.put(`/pages/${encodeURIComponent(page.key)}`, kept);
  const all = await cache.keys();
  for (const old of all.slice(0, Math.max(0, all.length - KEEP))) await cache.delete(old);
}

function show(page, note = "") {
  return self.registration.showNotification(page.title, {
    body: [note, page.body].filter(Boolean).join("\n"),
    tag: page.key,
    renotify: true,
    requireInteraction: page.urgent,
    vibrate: page.urgent ? [300, 150, 300, 150, 600] : [200],
    timestamp: Date.parse(page.sent_at),
    icon: "/static/watchroom/icon-192.png",
    badge: "/static/watchroom/icon-192.png",
    data: page,
    actions: page.answer ? [{ action: "answer", title: page.verb }, { action: "open", title: "Open" }] : [],
  });
}

// What comes by push; whatever it is, it is shown.
function pageIn(data) {
  try {
    return data.json();
  } catch {
    const [body, sent_at] = [data?.text() ?? "", new Date().toISOString()];
    return { key: "unread", title: "Watchroom", body, url: "/", answer: "", seen: "", urgent: true, sent_at };
  }
}

self.addEventListener("push", (event) => {
  const page = pageIn(event.data);
  event.waitUntil((async () => {
    await show(page);   // first: a device that shows nothing loses its subscription
    await Promise.allSettled([keep(page), page.seen ? fetch(page.seen, { method: "POST" }) : null]);
  })());
});

async function open(url) {
  const target = new URL(url, self.location.origin);
  // Only a tab that is there already: in another, somebody may be in the middle of writing.
  for (const tab of await self.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    if (tab.url.split("#")[0] === target.href.split("#")[0]) {
      try { return await tab.focus(); } catch { /* it is being closed */ }
    }
  }
  return self.clients.openWindow(target.href);
}

async function answer(page) {
  try {
    const said = await fetch(page.answer, { method: "POST", headers: { Accept: "application/json" }, redirect: "error" });
    if (!said.ok) throw new Error(said.status);
    const { text } = await said.json();
    const { title: body, key: tag } = page;
    const data = { ...page, answer: "" }, icon = "/static/watchroom/icon-192.png";
    await self.registration.showNotification(text, { body, tag, data, icon });
  } catch {
    await show(page, "Not answered: no connection. Press again.");   // never let anybody believe that it was taken
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const page = event.notification.data ?? { url: "/" };
  event.waitUntil(event.action === "answer" && page.answer ? answer(page) : open(page.url));
});
