// The desk's pages of an order work without this file. With it, an address is copied and a slip is printed by one press.
(() => {
  function add(place, words, press) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--quiet";
    button.textContent = words;
    button.addEventListener("click", () => press(button));
    place.append(button);
  }

  for (const place of document.querySelectorAll("[data-print]")) add(place, "Print", () => window.print());
  if (!navigator.clipboard) return; // on plain http there is none: the address can be selected by hand
  for (const place of document.querySelectorAll("[data-copy]")) {
    const words = place.textContent.trim();
    add(place, place.dataset.copy, async (button) => {
      try {
        await navigator.clipboard.writeText(words);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select it by hand";
      }
    });
  }
})();
