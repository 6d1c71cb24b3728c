// A plain script, not a module: it must run before the first paint. The choice is kept in this browser only.
(() => {
  const root = document.documentElement;
  const read = () => { try { return localStorage.getItem("theme") || "system"; } catch { return "system"; } };
  const apply = (theme) => {
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    document.querySelectorAll("[data-theme-name]").forEach((name) => { name.textContent = theme; });
  };
  apply(read());
  document.addEventListener("DOMContentLoaded", () => apply(read()));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const next = { system: "dark", dark: "light", light: "system" }[read()] || "system";
    try { localStorage.setItem("theme", next); } catch { /* private mode: lasts for this page */ }
    apply(next);
  });
})();
