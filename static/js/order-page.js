// The order page works without this file. With it, the page follows a payment by itself and offers to print the receipt.
(() => {
  const print = document.querySelector("[data-print]");
  if (print) {
    print.disabled = false;
    print.addEventListener("click", () => window.print());
  }

  const page = document.querySelector("[data-status-url]");
  if (!page) return;
  const live = page.querySelector("[data-live]");
  const say = (words) => { if (live.textContent !== words) live.textContent = words; };
  const WATCHING = live.dataset.live;
  const AWAY = "You are offline. This page looks again when you are back.";
  const QUICK = [2, 3, 5, 8];
  const LONGEST = 60; // seconds between two looks
  const ends = Date.now() + page.dataset.lookSeconds * 1000; // as long as money may still come
  let waits = [...QUICK];
  let last = 8;
  let timer;
  let looking = false;

  // Data costs the buyer money: ask less and less often, and not at all in a hidden tab.
  function later() {
    clearTimeout(timer);
    if (document.hidden) return;
    if (Date.now() >= ends) return say("We have stopped looking. Reload this page to look again.");
    const seconds = waits[0] ?? Math.min(last * 1.3, LONGEST);
    timer = setTimeout(look, seconds * 1000);
  }

  async function look() {
    if (looking) return;
    looking = true;
    clearTimeout(timer);
    try {
      const answer = await fetch(page.dataset.statusUrl, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const now = await answer.json();
        // The server writes the page; this only notices that there is a new one to read.
        if (now.state !== page.dataset.state) return changed(now);
        last = waits.shift() ?? Math.min(last * 1.3, LONGEST);
        say(WATCHING);
      }
    } catch {
      say(AWAY); // this look does not count: the next one comes no later for it
    } finally {
      looking = false;
    }
    later();
  }

  // A code that is being typed is not thrown away for anything but the end of the wait.
  function changed(now) {
    const code = document.getElementById("code");
    const typing = code && code.value !== code.defaultValue && !["paid", "review"].includes(now.payment);
    if (typing) return say("There is news about this order. Send the code, or reload this page.");
    location.reload();
  }

  // A buyer who comes back from the M-PESA prompt, or into the network, wants to know now.
  function wake() {
    if (document.hidden) return clearTimeout(timer);
    waits = [...QUICK];
    last = 8;
    look();
  }

  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
  addEventListener("offline", () => say(AWAY));
  say(navigator.onLine === false ? AWAY : WATCHING);
  later();
})();
