// On every page of the shop. The number in the cart comes from a cookie, so that pages can be cached for all visitors.
const count = document.querySelector("[data-cart-count]");
const pieces = /(?:^|; )cart_count=(\d{1,4})(?:;|$)/.exec(document.cookie)?.[1];
if (count && Number(pieces)) {
  count.textContent = pieces;
  count.hidden = false;
}
// A form that is sent without a network would lead to the browser's own page. What was typed stays.
const offline = "You are offline. Nothing was sent, and what you typed is still here.";
addEventListener("submit", (event) => {
  if (navigator.onLine || event.target.method !== "post") return;
  event.preventDefault();
  alert(offline);
});
// The price of the variant that was chosen.
addEventListener("change", ({ target }) => {
  const price = (target.selectedOptions?.[0] ?? target).dataset.price;
  if (price) for (const shown of document.querySelectorAll("[data-chosen-price]")) shown.textContent = price;
});
// The page for a phone that is offline. Browsers offer this over https and on localhost only.
addEventListener("load", () => navigator.serviceWorker?.register("/service-worker.js", { updateViaCache: "all" }).catch(() => {}));
