"use strict";

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false; // without a script, the browser's own menu prints
  button.addEventListener("click", () => window.print());
}
