// Moves the focus to the error summary of a page that comes back with problems.
const summary = document.querySelector("[data-take-focus]");
const focusSummary = () => { if (document.activeElement === document.body) summary.focus(); };
if (summary) {
  focusSummary();
  addEventListener("load", focusSummary); // a fragment in the address moves the focus away
}
