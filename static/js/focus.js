// Takes the reader to what went wrong: a page that comes back with problems begins at its summary, not at its top.
const summary = document.querySelector("[data-take-focus]");
const take = () => { if (document.activeElement === document.body) summary.focus(); };
if (summary) {
  take();
  addEventListener("load", take); // an address with a fragment takes the focus away again
}
