// On every page of the shop. The number in the cart comes from a cookie, so that pages can be cached for all visitors.
const count = document.querySelector("[data-cart-count]");
const pieces = /(?:^|; )cart_count=(\d{1,4})(?:;|$)/.exec(document.cookie)?.[1];
if (count && Number(pieces)) {
  count.textContent = pieces;
  count.hidden = false;
}
// The page for a phone that is offline. Browsers offer this over https and on localhost only.
addEventListener("load", () => navigator.serviceWorker?.register("/service-worker.js", { updateViaCache: "all" }).catch(() => {}));
