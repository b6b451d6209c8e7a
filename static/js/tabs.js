// On a phone a row of tabs is wider than the screen: scrolls it to the current tab.
for (const current of document.querySelectorAll(".tabs [aria-current]")) {
  const row = current.closest(".tabs");
  row.scrollLeft = current.offsetLeft + current.offsetWidth / 2 - row.clientWidth / 2;
}
