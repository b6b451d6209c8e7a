// The checkout works without this file. With it, the total follows the chosen area at once, and one order is sent once.
(() => {
  const form = document.querySelector("[data-checkout]");
  const sums = form.querySelector("[data-subtotal]");
  const pay = form.querySelector("button[name=pay]");
  const shown = form.querySelector("[name=shown_total]");
  const shillings = (amount) => "KSh " + String(amount).replace(/\B(?=(\d{3})+$)/g, ",");

  // A page that comes back with problems begins at their summary, not at its top.
  const summary = document.querySelector("[data-take-focus]");
  if (summary) summary.focus();

  // The sum shown is the sum sent: the server asks again when it makes another.
  function follow() {
    const area = form.querySelector("[name=area]:checked, [name=area] > :checked");
    if (!area?.value) return;
    const fee = Number(area.dataset.fee);
    const total = Number(sums.dataset.subtotal) - Number(sums.dataset.discount) + fee;
    sums.querySelector("[data-part=delivery]").textContent = fee ? shillings(fee) : "Free";
    sums.querySelector("[data-part=total]").textContent = shillings(total);
    pay.textContent = total ? "Pay " + shillings(total) : "Place the order";
    shown.value = total;
  }
  form.addEventListener("change", (event) => {
    if (event.target.name === "area") follow();
  });

  // Enter in the code box means "apply this", not "pay".
  form.querySelector("[name=code]").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    form.querySelector("button[name=apply]").click();
  });

  // People on slow lines press twice. By time, never by disabling: a page restored by Back must have a working button.
  let sentAt = -Infinity;
  form.addEventListener("submit", (event) => {
    if (event.timeStamp - sentAt < 3000) event.preventDefault();
    else sentAt = event.timeStamp;
  });
  addEventListener("pageshow", (event) => {
    sentAt = -Infinity;
    // A browser that refills the form after Back may choose another area than the one the total was written for.
    if (!event.persisted) follow();
  });
})();
