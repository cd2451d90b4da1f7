"use strict";

// The page that the provider's window comes back to. It tells the page that opened it to ask the server, and goes away.

const HERE = "cartrover-grant-here";
const outcome = document.querySelector("[data-attempt]").dataset;

new BroadcastChannel("cartrover-grant").postMessage({ attempt: outcome.attempt });

// The mark stays until the next press, which takes it away before it opens a window: this page may be loaded again.
if (sessionStorage.getItem(HERE) !== null) {
  document.querySelector("[data-window]").hidden = true;
} else if (outcome.ok === "yes") {
  window.setTimeout(() => window.close(), 1500);
}
