// The little that the console needs beside htmx: copying, Ctrl-K, the cursor on what was refused, and asking before leaving.
(() => {
  "use strict";
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = before; }, 1500);
  });
  document.addEventListener("keydown", (event) => {
    const search = document.getElementById("search");
    if (search && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
  const toRefusal = (root) => root.querySelector("#refusal")?.focus();
  document.addEventListener("DOMContentLoaded", () => toRefusal(document));
  document.addEventListener("htmx:afterSwap", (event) => toRefusal(event.target));
  // A refusal is a page too: show it, whatever its status.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400 && event.detail.xhr.getResponseHeader("Content-Type")?.startsWith("text/html")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
})();
