// Dragging a card to another column, on a desk. Without it the buttons below each card do the same.
(() => {
  "use strict";
  const board = () => document.querySelector("[data-board]");
  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-reference]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.reference);
    const may = dragged.closest("[data-stage]").dataset.moves.split(" ");
    board().querySelectorAll("[data-stage]").forEach((column) => column.classList.toggle("may", may.includes(column.dataset.stage)));
  });
  document.addEventListener("dragend", () => {
    board()?.querySelectorAll(".may").forEach((column) => column.classList.remove("may"));
    dragged = null;
  });
  document.addEventListener("dragover", (event) => {
    if (dragged && event.target.closest?.(".column.may")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const column = event.target.closest?.(".column.may");
    if (!dragged || !column) return;
    event.preventDefault();
    const button = [...dragged.querySelectorAll("form.moves button")].find((each) => each.value === column.dataset.stage);
    if (button.formNoValidate) return button.form.requestSubmit(button);
    // It has to be said why: there, by the button.
    dragged.querySelector("details").open = true;
    button.form.elements.reason.focus();
  });
})();
