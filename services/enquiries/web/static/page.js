// Helps on every page, none of it needed: sends a form once, and inside another website's frame tells that page how
// tall this one is.
"use strict";

(() => {
  const SECONDS_BEFORE_AGAIN = 10;
  const framed = window.parent !== window;
  document.documentElement.classList.toggle("framed", framed);

  function sendOnce(form) {
    let sent = 0;
    form.addEventListener("submit", (event) => {
      const leaves = event.submitter && event.submitter.hasAttribute("formaction");
      if (leaves) return;
      const now = Date.now();
      if (now - sent < SECONDS_BEFORE_AGAIN * 1000) event.preventDefault();
      else sent = now;
    });
    // Coming back to the page is a new start.
    window.addEventListener("pageshow", () => { sent = 0; });
  }

  function tellHeight() {
    const tell = (news) => window.parent.postMessage({ keytalk: news }, "*");
    const height = () => Math.ceil(document.body.getBoundingClientRect().height);
    tell({ height: height(), shown: true });
    new ResizeObserver(() => tell({ height: height() })).observe(document.body);
    window.addEventListener("message", (event) => {
      if (event.source === window.parent && event.data === "keytalk:measure") tell({ height: height() });
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("form[data-once]").forEach(sendOnce);
    if (!framed) return;
    // Browsers take no notice of `autofocus` inside another website's frame.
    const problems = document.getElementById("problems");
    if (problems) problems.focus();
    tellHeight();
  });
})();
