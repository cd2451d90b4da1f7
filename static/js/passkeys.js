"use strict";

// Whoever closes the browser's question, or has no passkey here, is told so instead of being left with a dead button.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("passkey-trouble").hidden = false;
});
