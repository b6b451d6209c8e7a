// Polls the payment status, and adds a print button. The order page works without it.
(() => {
  const print = document.querySelector("[data-print]");
  if (print) {
    print.disabled = false;
    print.addEventListener("click", () => window.print());
  }

  const page = document.querySelector("[data-status-url]");
  if (!page) return;
  const live = page.querySelector("[data-live]");
  const announce = (words) => { if (live.textContent !== words) live.textContent = words; };
  const WATCHING = live.dataset.live;
  const AWAY = "You are offline. This page checks again when you are back online.";
  const FIRST_DELAYS = [2, 3, 5, 8]; // seconds
  const MAX_DELAY = 60; // seconds
  const ends = Date.now() + page.dataset.lookSeconds * 1000; // while a payment may still arrive
  let delays = [...FIRST_DELAYS];
  let last = 8;
  let timer;
  let polling = false;

  // Mobile data costs money: poll less and less often, and not in a hidden tab.
  function schedule() {
    clearTimeout(timer);
    if (document.hidden) return;
    if (Date.now() >= ends) return announce("We have stopped checking. Reload this page to check again.");
    const seconds = delays[0] ?? Math.min(last * 1.3, MAX_DELAY);
    timer = setTimeout(poll, seconds * 1000);
  }

  async function poll() {
    if (polling) return;
    polling = true;
    clearTimeout(timer);
    try {
      const answer = await fetch(page.dataset.statusUrl, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const now = await answer.json();
        // The server renders the page, so reload it when the state changes.
        if (now.state !== page.dataset.state) return changed(now);
        last = delays.shift() ?? Math.min(last * 1.3, MAX_DELAY);
        announce(WATCHING);
      }
    } catch {
      announce(AWAY); // the delay does not grow after a failure
    } finally {
      polling = false;
    }
    schedule();
  }

  // A code that is being typed is lost only when the payment is settled.
  function changed(now) {
    const code = document.getElementById("code");
    const typing = code && code.value !== code.defaultValue && !["paid", "review"].includes(now.payment);
    if (typing) return announce("There is news about this order. Send the code, or reload this page.");
    location.reload();
  }

  // Poll at once when the buyer comes back from the M-PESA prompt or into the network.
  function wake() {
    if (document.hidden) return clearTimeout(timer);
    delays = [...FIRST_DELAYS];
    last = 8;
    poll();
  }

  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
  addEventListener("offline", () => announce(AWAY));
  announce(navigator.onLine === false ? AWAY : WATCHING);
  schedule();
})();
