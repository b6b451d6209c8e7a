// Updates the total when an area is chosen, and sends an order only once. The checkout works without it.
(() => {
  const form = document.querySelector("[data-checkout]");
  const sums = form.querySelector("[data-subtotal]");
  const pay = form.querySelector("button[name=pay]");
  const shown = form.querySelector("[name=shown_total]");
  const shillings = (amount) => "KSh " + String(amount).replace(/\B(?=(\d{3})+$)/g, ",");

  // Move the focus to the error summary.
  const summary = document.querySelector("[data-take-focus]");
  if (summary) summary.focus();

  // The shown total is also sent: the server asks again if its own total differs.
  function updateTotal() {
    const area = form.querySelector("[name=area]:checked, [name=area] > :checked");
    if (!area?.value) return;
    const fee = Number(area.dataset.fee);
    const total = Number(sums.dataset.subtotal) - Number(sums.dataset.discount) + fee;
    sums.querySelector("[data-part=delivery]").textContent = fee ? shillings(fee) : "Free";
    sums.querySelector("[data-part=total]").textContent = shillings(total);
    form.querySelector("[data-peek]").textContent = shillings(total);
    pay.textContent = total ? "Pay " + shillings(total) : "Place the order";
    shown.value = total;
  }
  form.addEventListener("change", (event) => {
    if (event.target.name === "area") updateTotal();
  });

  // Enter in the discount code field applies the code instead of paying.
  form.querySelector("[name=code]").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    form.querySelector("button[name=apply]").click();
  });

  // Buyers on slow networks press twice. The button is not disabled, because it must work after Back.
  let sentAt = -Infinity;
  form.addEventListener("submit", (event) => {
    if (event.timeStamp - sentAt < 3000) event.preventDefault();
    else sentAt = event.timeStamp;
  });
  addEventListener("pageshow", (event) => {
    sentAt = -Infinity;
    // After Back, a browser may restore another area than the one the total was computed for.
    if (!event.persisted) updateTotal();
  });
})();
