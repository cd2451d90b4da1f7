"use strict";

// The page that the provider's window comes back to. It tells the page that opened it to ask the server, and goes away.

const HERE = "cartrover-grant-here";
const outcome = document.querySelector("[data-attempt]").dataset;

new BroadcastChannel("cartrover-grant").postMessage({ attempt: outcome.attempt });

const here = sessionStorage.getItem(HERE) !== null;
sessionStorage.removeItem(HERE);
if (here) {
  document.querySelector("[data-window]").hidden = true;
} else if (outcome.ok === "yes") {
  window.setTimeout(() => window.close(), 1500);
}
