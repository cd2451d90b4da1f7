"use strict";

// Grant Us API Access: opens the provider's window and learns from the server what came of it. Whether that window is open
// is no evidence: where the provider cuts it off from this page, it looks closed while its owner is still logging in.
// The page is then asked for anew by the address of its form: it may be the answer to a form itself, which reloading would send
// again.

const ASK_EVERY = 1000;
const HERE = "cartrover-grant-here"; // says to the page that the provider comes back to that it is in this window

for (const form of document.querySelectorAll("form[data-grant]")) watch(form);

function watch(form) {
  const says = document.getElementById(form.dataset.grant);
  let timer = 0;
  let asking = null;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.removeItem(HERE);
    const here = event.submitter !== null && event.submitter.hasAttribute("data-here");
    // In the click itself, or the browser takes it for an unwanted one.
    const opened = here ? null : window.open("", "cartrover-grant", "popup,width=640,height=780");
    if (!here && opened === null) {
      say("bad", form.dataset.blocked);
      return;
    }
    start(opened).catch(() => {
      if (opened !== null) opened.close();
      say("bad", "CartRover did not answer. Try again.");
    });
  });

  async function start(opened) {
    say("wait", form.dataset.opening);
    const answer = await post(form.action);
    if (isLoggedOut(answer)) {
      if (opened !== null) opened.close();
      return;
    }
    const attempt = await answer.json();
    if (!answer.ok) {
      if (opened !== null) opened.close();
      say("bad", attempt.words);
    } else if (opened === null) {
      sessionStorage.setItem(HERE, "yes");
      window.location.assign(attempt.address);
    } else {
      opened.location = attempt.address;
      opened.focus(); // it may be the one of before, behind this one
      listen(attempt);
    }
  }

  function post(address) {
    return fetch(address, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new FormData(form),
      redirect: "manual",
    });
  }

  // Whoever was logged out meanwhile would be led to the log-in: the page goes there itself, unless something is typed in it.
  function isLoggedOut(answer) {
    if (answer.type !== "opaqueredirect") return false;
    stop();
    say("bad", "You have been logged out.", button("Log in", openAnew));
    openAnewUnlessTyped();
    return true;
  }

  function listen(attempt) {
    window.clearInterval(timer);
    asking = () => ask(attempt.status).catch(() => say("wait", "CartRover does not answer. Asking again."));
    timer = window.setInterval(asking, ASK_EVERY);
    asking();
  }

  window.addEventListener("focus", () => asking !== null && asking());
  new BroadcastChannel("cartrover-grant").addEventListener("message", () => asking !== null && asking());

  async function ask(address) {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (!isLoggedOut(answer)) show(await answer.json(), address);
  }

  function show(attempt, address) {
    if (asking === null) return;
    if (attempt.state === "waiting") {
      say("wait", `${attempt.words} Closed the window?`, button("Try again", () => form.requestSubmit()));
      return;
    }
    stop();
    if (attempt.state === "done") {
      say("good", attempt.words, button("Show it", openAnew));
      openAnewUnlessTyped();
    } else if (attempt.state === "asked") {
      say("wait", attempt.words, link("Use this account instead", address.replace(/status\/$/, "instead/")));
    } else if (attempt.state === "kept") {
      say("wait", attempt.words, button("Go on", () => goOn(address).catch(() => say("bad", "CartRover did not answer. Try again."))));
    } else {
      say("bad", attempt.words);
    }
  }

  async function goOn(address) {
    say("wait", form.dataset.opening);
    const answer = await post(address.replace(/status\/$/, "go-on/"));
    if (isLoggedOut(answer)) return;
    asking = () => {};
    show(await answer.json(), address);
  }

  function openAnew() {
    window.location.replace(form.dataset.page);
  }

  function openAnewUnlessTyped() {
    if (document.querySelector("form[data-changed]") === null) openAnew();
  }

  function stop() {
    window.clearInterval(timer);
    asking = null;
  }

  function say(tone, words, ...more) {
    const last = says.firstElementChild;
    if (last !== null && last.dataset.words === words) return; // a screen reader hears it once
    const box = document.createElement("div");
    box.className = `notice tone-${tone}`;
    box.dataset.words = words;
    const text = document.createElement("span");
    text.append(words, " ", ...more);
    box.append(text);
    says.replaceChildren(box);
  }
}

function button(words, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm btn-quiet";
  made.textContent = words;
  made.addEventListener("click", press);
  return made;
}

function link(words, address) {
  const made = document.createElement("a");
  made.className = "btn btn-sm btn-quiet";
  made.textContent = words;
  made.href = address;
  return made;
}

// What a person has typed is not lost to a page that loads itself anew.
for (const form of document.querySelectorAll("form[data-settings]")) {
  form.addEventListener("input", () => {
    form.dataset.changed = "yes";
  });
}
