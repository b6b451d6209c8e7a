// Shows the colours that follow from the chosen one while it is chosen. The page works without it.
(() => {
  const form = document.querySelector("[data-look-form]");
  const input = form.querySelector("input[type=color]");
  let last = 0;
  input.addEventListener("input", async () => {
    const asked = ++last;
    const reply = await fetch(`${form.dataset.lookForm}?colour=${encodeURIComponent(input.value)}`);
    if (!reply.ok || asked !== last) return;
    const schemes = await reply.json();
    for (const sample of document.querySelectorAll("[data-look]")) {
      for (const part of sample.querySelectorAll("[data-fill]")) {
        part.setAttribute("fill", schemes[sample.dataset.look][part.dataset.fill]);
      }
    }
  });
})();
