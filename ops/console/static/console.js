// The little that the console needs beside htmx: copying, Ctrl-K, the cursor on what was refused, and news that wait.
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
  // What renews itself waits while somebody has opened, typed or reached something in it; then it comes.
  const RENEWS = '[hx-trigger^="sse:"]';
  const changed = (field) => field.type !== "hidden" && (field.type === "checkbox" || field.type === "radio"
    ? field.checked !== field.defaultChecked
    : field.tagName === "SELECT" ? [...field.options].some((each) => each.selected !== each.defaultSelected && each.index > 0)
      : field.value !== field.defaultValue);
  const inUse = (part) => part.contains(document.activeElement) || part.querySelector("details[open]")
    || [...part.querySelectorAll("input, select, textarea")].some(changed);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.requestConfig?.elt;
    if (!part?.matches(RENEWS)) return;
    // Of a page that was refused or is another by now, nothing would be left.
    if (event.detail.xhr.status >= 400 || inUse(part)) event.detail.shouldSwap = false;
    if (inUse(part)) part.dataset.missed = "yes";
  });
  const catchUp = () => setTimeout(() => document.querySelectorAll(`${RENEWS}[data-missed]`).forEach((part) => {
    if (inUse(part)) return;
    delete part.dataset.missed;
    htmx.ajax("GET", part.getAttribute("hx-get"), { source: part, target: part, swap: "outerHTML", select: `#${part.id}`,
      headers: { "X-By-Itself": "yes" } });
  }), 0);
  document.addEventListener("focusout", catchUp);
  document.addEventListener("toggle", catchUp, true);
})();
