"use strict";

// A button that puts a field's text on the clipboard. Where the browser forbids it, the text is marked to be copied by hand.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    const says = document.querySelector("[data-copy-says]");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      says.textContent = button.dataset.copied;
    } catch {
      says.textContent = "It is marked now: copy it with the keyboard or a long press.";
    }
  });
}
