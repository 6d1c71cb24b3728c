// After a refused form, reading starts at its summary. One that names a field only by its name leads there and marks it.
const summary = document.querySelector("[data-form-errors]");
const name = summary?.dataset.names?.match(/^\w+/)?.[0]; // of matchers[0], too
const named = name && document.querySelector(`main form :is(input, select, textarea):is([name="${name}"], [data-says="${name}"]):not([type="hidden"])`);
if (named?.id) {
  const box = document.getElementById(`${named.id}-pick`) ?? named; // what js/pick.js shows in its place
  const link = document.createElement("a");
  link.href = `#${box.id}`;
  link.textContent = (box.labels[0]?.firstChild?.textContent || named.name).trim();
  link.addEventListener("click", (event) => { event.preventDefault(); box.focus(); });
  summary.querySelector("p").prepend(link, ": ");
  box.setAttribute("aria-invalid", "true");
  box.setAttribute("aria-describedby", [box.getAttribute("aria-describedby"), summary.id].filter(Boolean).join(" "));
  box.addEventListener("input", () => box.removeAttribute("aria-invalid"), { once: true });
}
summary?.focus();
