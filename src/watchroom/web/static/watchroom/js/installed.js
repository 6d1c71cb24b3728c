// The installed app has a page of its own for when there is no connection, whether it is paged by push or not.
const keep = () => navigator.serviceWorker?.register("/service-worker.js").catch(() => { /* the next page tries again */ });
if (matchMedia("(display-mode: standalone)").matches || navigator.standalone === true) keep();
addEventListener("appinstalled", keep);
