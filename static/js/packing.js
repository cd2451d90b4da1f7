"use strict";

// A scanner types a SKU and presses Enter: one unit more is counted, and nothing is sent. Without a script the server counts.
const form = document.querySelector("[data-packing]");
const scan = form?.querySelector("#scan");
const says = form?.querySelector("#scan-says");

const units = () => [...form.querySelectorAll("[data-sku]:not(:disabled)")];
const count = (field) => Number.parseInt(field.value, 10) || 0;
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

function tell(words, wrong = false) {
  says.textContent = words;
  says.classList.toggle("field-error", wrong);
  scan.classList.toggle("is-invalid", wrong);
}

function counted(sku) {
  const same = units().filter((field) => field.dataset.sku.toLowerCase() === sku.toLowerCase());
  if (!same.length) return tell(scan.dataset.unknown.replace("%s", sku), true);
  const free = same.find((field) => count(field) < Number(field.dataset.left));
  if (!free) return tell(scan.dataset.enough.replace("%s", sku), true);
  free.value = count(free) + 1;
  const done = sum(units().map(count));
  const wanted = sum(units().map((field) => Number(field.dataset.left)));
  if (done < wanted) return tell(`${free.dataset.sku}: ${free.value} of ${free.dataset.left}. ${done} of ${wanted} units counted.`);
  tell(scan.dataset.complete);
  form.querySelector("[data-tracking]").focus();
}

scan?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const sku = scan.value.trim();
  if (sku) counted(sku);
  scan.value = "";
});
