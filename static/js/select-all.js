// Ticks all orders of the page at once, and says how many are chosen: with the box "Choose all" it is the whole list.
const list = document.querySelector("[data-choose]");
if (list) {
  const all = list.querySelector("[data-choose-all]");
  const said = list.querySelector("[data-chosen]");
  const boxes = [...list.querySelectorAll("tbody input[type=checkbox]")];
  const say = () => {
    const count = boxes.filter((box) => box.checked).length;
    if (count < boxes.length) all.checked = false;
    const every = all.checked && Number(all.value) > 1;
    said.textContent = every ? `All ${all.value} orders chosen` : count ? `${count} chosen` : "";
  };
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    say();
  });
  list.addEventListener("change", say);
  addEventListener("pageshow", say); // a browser that goes back restores the ticks
}
