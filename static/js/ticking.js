"use strict";

// Rows are ticked for a form: one box ticks all of the page, and the form says how many are.
for (const all of document.querySelectorAll("[data-ticks]")) {
  const form = document.getElementById(all.dataset.ticks);
  const boxes = [...form.elements].filter((each) => each.type === "checkbox");
  const said = form.querySelector("[data-ticked]");
  const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && !all.checked;
    said.textContent = ticked ? `the ${ticked} ticked` : "those I tick";
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  for (const box of boxes) box.addEventListener("change", count);
  window.addEventListener("pageshow", count);
}
