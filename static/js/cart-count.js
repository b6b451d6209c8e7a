// Shows how many things are in the cart, from a cookie, so that pages can be cached for all visitors.
const count = document.querySelector("[data-cart-count]");
const pieces = /(?:^|; )cart_count=(\d{1,4})(?:;|$)/.exec(document.cookie)?.[1];
if (count && Number(pieces)) {
  count.textContent = pieces;
  count.hidden = false;
}
