// Takes the reader to what went wrong: a page that comes back with problems begins at its summary, not at its top.
const summary = document.querySelector("[data-take-focus]");
if (summary) summary.focus();
