// Says that the phone is offline when a page of the shop cannot be opened. It stores nothing.
const PAGE = `<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>You are offline</title><style>:root{color-scheme:light dark;font:1rem/1.5 system-ui}body{max-width:32rem;margin:3rem 1rem}a{color:inherit}</style>
<h1>You are offline</h1><p>This phone cannot reach the shop. Nothing was lost: the shop keeps your cart.<p><a href="">Try again</a>`;
addEventListener("activate", (event) => event.waitUntil(registration.navigationPreload?.enable()));
addEventListener("fetch", (event) => {
  const { mode, method, url } = event.request;
  if (mode !== "navigate" || method !== "GET" || new URL(url).pathname.startsWith("/admin")) return;
  event.respondWith(event.preloadResponse.then((page) => page || fetch(event.request))
    .catch(() => new Response(PAGE, { status: 503, headers: { "Content-Type": "text/html" } })));
});
