// For the page that shows the form in a frame: gives the frame the height of what is in it, and brings its top into
// view when the next page begins below it. It reads nothing else and sends nothing anywhere.
"use strict";

(() => {
  const ours = new URL(document.currentScript.src).origin;
  const frames = () => [...document.querySelectorAll("iframe[src]")].filter((frame) => {
    return new URL(frame.src, document.baseURI).origin === ours;
  });

  window.addEventListener("message", (event) => {
    const news = event.origin === ours && event.data && event.data.keytalk;
    const frame = news && frames().find((each) => each.contentWindow === event.source);
    if (!frame || !Number.isFinite(news.height)) return;
    frame.style.height = `${Math.min(Math.max(news.height, 0), 20000)}px`;
    if (news.shown && frame.getBoundingClientRect().top < 0) frame.scrollIntoView();
  });

  // A frame that was quicker than this script is asked once more.
  const ask = () => frames().forEach((frame) => frame.contentWindow.postMessage("keytalk:measure", ours));
  document.addEventListener("DOMContentLoaded", ask);
  if (document.readyState !== "loading") ask();
})();
