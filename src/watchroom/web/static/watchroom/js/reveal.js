// Rows of tabs and chips that go on beyond the screen begin where the reader is: at the one that is chosen.
for (const row of document.querySelectorAll(".tabs, .chips")) {
  const here = row.querySelector("[aria-current]");
  if (!here || row.scrollWidth <= row.clientWidth) continue;
  const [at, all] = [here.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += at.left - all.left - (all.width - at.width) / 2;
}
