// Ticks all orders of the page, and shows how many are chosen. "Choose all" chooses the whole list.
const list = document.querySelector("[data-choose]");
if (list) {
  const all = list.querySelector("[data-choose-all]");
  const status = list.querySelector("[data-chosen]");
  const boxes = [...list.querySelectorAll("tbody input[type=checkbox]")];
  const showCount = () => {
    const count = boxes.filter((box) => box.checked).length;
    if (count < boxes.length) all.checked = false;
    const every = all.checked && Number(all.value) > 1;
    status.textContent = every ? `All ${all.value} orders chosen` : count ? `${count} chosen` : "";
  };
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    showCount();
  });
  list.addEventListener("change", showCount);
  addEventListener("pageshow", showCount); // a browser restores the ticks after Back
}
