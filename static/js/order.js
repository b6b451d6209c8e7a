// The order page works without this file. With it, the page follows a payment by itself and offers to print the receipt.
(() => {
  const print = document.querySelector("[data-print]");
  if (print) {
    const button = document.createElement("button");
    button.className = "button button--quiet";
    button.textContent = "Print receipt";
    button.addEventListener("click", () => window.print());
    print.append(button);
  }

  const page = document.querySelector("[data-status-url]");
  if (!page) return;
  const live = page.querySelector("[data-live]"); // not there after a failed payment, which may still be corrected
  const say = (words) => { if (live) live.textContent = words; };
  const LONGEST = 180; // seconds of asking; an M-PESA prompt lives for one minute
  let waits = [2, 3, 5, 8];
  let asked = 0;
  let timer;

  // Data costs the buyer money: ask less and less often, not at all in a hidden tab, and not for ever.
  function later() {
    clearTimeout(timer);
    if (document.hidden) return;
    if (asked >= LONGEST) {
      say("We have stopped looking for now. Reload this page to look again.");
      return;
    }
    const seconds = waits.shift() || 10;
    asked += seconds;
    timer = setTimeout(look, seconds * 1000);
  }

  async function look() {
    try {
      const answer = await fetch(page.dataset.statusUrl, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const now = await answer.json();
        // The server writes the page; this only notices that there is a new one to read.
        if (now.state !== page.dataset.state) return location.reload();
      }
    } catch {
      // Out of reach for a moment: the next look may fare better.
    }
    later();
  }

  // A buyer who comes back from the M-PESA prompt wants to know now.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) look();
  });
  say("This page watches for your payment and changes by itself.");
  later();
})();
