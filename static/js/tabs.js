// On a phone a row of tabs runs past the edge: draws it so far aside that the one that is open is in sight.
for (const here of document.querySelectorAll(".tabs [aria-current]")) {
  const row = here.closest(".tabs");
  row.scrollLeft = here.offsetLeft + here.offsetWidth / 2 - row.clientWidth / 2;
}
