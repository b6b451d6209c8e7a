// Shows the delivery area that was chosen at the cart, from a cookie, so that product pages can be cached for all visitors.
const chosen = /(?:^|; )delivery_area=(\d{1,9})(?:;|$)/.exec(document.cookie)?.[1];
const promise = document.querySelector(`[data-area="${chosen}"]`);
if (promise) document.querySelector("[data-delivery]").replaceChildren(...promise.cloneNode(true).childNodes);
