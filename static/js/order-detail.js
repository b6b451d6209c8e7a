// Adds buttons that copy an address and print a slip. The admin's order pages work without them.
(() => {
  function addButton(place, label, onPress) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--quiet";
    button.textContent = label;
    button.addEventListener("click", () => onPress(button));
    place.append(button);
  }

  for (const place of document.querySelectorAll("[data-print]")) addButton(place, "Print", () => window.print());
  if (!navigator.clipboard) return; // not available over http
  for (const place of document.querySelectorAll("[data-copy]")) {
    const text = place.textContent.trim();
    addButton(place, place.dataset.copy, async (button) => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select it by hand";
      }
    });
  }
})();
