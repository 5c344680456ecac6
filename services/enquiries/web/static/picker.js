// Lets people find a prison in the list by typing: its name, another name it has or had, its town or its id. The list
// stays in the form and is what is sent; without this script it is used as it is.
//
// The pattern is that of an editable combobox with a list box (WAI-ARIA Authoring Practices): the focus stays in the
// box, the arrows move through the list, Enter chooses, Escape closes.
"use strict";

(() => {
  const MOST_SHOWN = 30;
  const QUIET_MILLISECONDS = 400;
  const KINDS_OF_PLACE = new Set(["hm", "hmp", "hmyoi", "yoi", "prison", "carchar", "the", "and"]);

  function wordsOf(text) {
    const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/['’]/g, "").toLowerCase();
    return plain.match(/[\p{L}\p{N}]+/gu) || [];
  }

  function wantedWords(text) {
    const words = wordsOf(text);
    const telling = words.filter((word) => !KINDS_OF_PLACE.has(word));
    return telling.length ? telling : words;
  }

  function placeFrom(option) {
    const { id, town = "", also = "" } = option.dataset;
    const others = also ? also.split(";") : [];
    return {
      value: option.value, name: option.value, id: id.toLowerCase(), town, others,
      nameWords: wordsOf(option.value),
      words: [option.value, town, ...others].flatMap(wordsOf),
    };
  }

  const begins = (words, wanted) => wanted.every((each) => words.some((word) => word.startsWith(each)));

  const isId = (place, wanted) => wanted.length === 1 && place.id === wanted[0];

  function rank(place, wanted) {
    if (isId(place, wanted)) return 0;
    if (wanted.length && place.nameWords[0].startsWith(wanted[0]) && begins(place.nameWords, wanted)) return 1;
    return begins(place.nameWords, wanted) ? 2 : 3;
  }

  function search(places, text) {
    const wanted = wantedWords(text);
    return places
      .filter((place) => begins(place.words, wanted) || isId(place, wanted))
      .map((place, order) => ({ place, order, rank: rank(place, wanted) }))
      .sort((one, other) => one.rank - other.rank || one.order - other.order)
      .map(({ place }) => place);
  }

  // The one place that is called so, whatever kind of place the text says it is; null where none or several are.
  function meant(places, text) {
    const exact = text.trim().toLowerCase();
    const bare = wantedWords(text).join(" ");
    const names = (place) => [place.id, place.name, ...place.others];
    for (const isCalledSo of [
      (name) => name.toLowerCase() === exact,
      (name) => bare !== "" && wantedWords(name).join(" ") === bare,
    ]) {
      const found = places.filter((place) => names(place).some(isCalledSo));
      if (found.length) return found.length === 1 ? found[0] : null;
    }
    return null;
  }

  function element(name, attributes, text) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  }

  function enhance(question) {
    const select = question.querySelector("select");
    const writtenPart = question.querySelector("[data-written]");
    const written = writtenPart.querySelector("input");
    const hint = question.querySelector(".hint");
    const options = [...select.options];
    const notListed = { value: options[options.length - 1].value, name: options[options.length - 1].text };
    const places = options.slice(1, -1).map(placeFrom);

    const box = element("input", {
      id: select.id, role: "combobox", type: "text", autocomplete: "off", spellcheck: "false",
      "aria-expanded": "false", "aria-controls": "places", "aria-autocomplete": "list",
    });
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (select.hasAttribute(name)) box.setAttribute(name, select.getAttribute(name));
    }
    const list = element("ul", { id: "places", role: "listbox", "aria-label": "Prisons", class: "places", hidden: "" });
    const status = element("p", { role: "status", class: "quiet" });
    select.removeAttribute("id");
    hint.textContent = "Start to type its name, its town or an older name, and choose it from the list.";
    const hadFocus = document.activeElement === select;
    select.before(box, list, status);
    if (hadFocus) box.focus();
    select.hidden = true;

    let shown = [];
    let at = -1;
    let timer;

    function announce(text) {
      clearTimeout(timer);
      timer = setTimeout(() => { status.textContent = text; }, QUIET_MILLISECONDS);
    }

    function choose(place) {
      select.value = place.value;
      const none = place === notListed;
      box.value = place.name;
      writtenPart.hidden = !none;
      written.disabled = !none;
      close();
      announce(none ? "Please write its name in the next box." : `${place.name} is chosen.`);
    }

    function close() {
      list.hidden = true;
      at = -1;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    }

    function row(place, number) {
      const made = element("li", { role: "option", id: `place-${number}`, "aria-selected": "false" });
      made.append(element("span", { class: "place-name" }, place.name));
      const beside = place === notListed ? [] : [place.town, ...place.others].filter(Boolean);
      if (beside.length) made.append(" ", element("span", { class: "place-beside" }, beside.join(" · ")));
      // Before the box loses the focus.
      made.addEventListener("mousedown", (event) => { event.preventDefault(); choose(place); });
      return made;
    }

    function open(text) {
      const found = search(places, text);
      shown = [...found.slice(0, MOST_SHOWN), notListed];
      at = -1;
      list.replaceChildren(...shown.map(row));
      list.hidden = false;
      box.setAttribute("aria-expanded", "true");
      box.removeAttribute("aria-activedescendant");
      const count = found.length === 1 ? "1 prison fits" : `${found.length} prisons fit`;
      const more = found.length > MOST_SHOWN ? `, the first ${MOST_SHOWN} are shown; type more to see fewer` : "";
      announce(`${found.length ? count : "No prison in the list fits"}${more}. Use the up and down arrows.`);
    }

    function move(steps) {
      const rows = list.children;
      if (at >= 0) rows[at].setAttribute("aria-selected", "false");
      at = at < 0 && steps < 0 ? rows.length - 1 : (at + steps + rows.length) % rows.length;
      rows[at].setAttribute("aria-selected", "true");
      rows[at].scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", rows[at].id);
    }

    // What was typed and not chosen is not lost: it goes as the name of a place that is not in the list.
    function settle() {
      close();
      const text = box.value.trim();
      const place = meant(places, text);
      if (place) choose(place);
      else if (!text) select.value = "";
      else if (text !== notListed.name) {
        select.value = notListed.value;
        written.disabled = false;
        written.value = text;
        writtenPart.hidden = true;
      }
    }

    const whenOpen = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: close };
    box.addEventListener("keydown", (event) => {
      const isOpen = !list.hidden;
      if (!isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        open(meant(places, box.value) ? "" : box.value);
        move(event.key === "ArrowDown" ? 1 : -1);
      } else if (isOpen && event.key === "Enter" && at >= 0) choose(shown[at]);
      else if (isOpen && whenOpen[event.key]) whenOpen[event.key]();
      else return;
      event.preventDefault();
    });
    box.addEventListener("input", () => {
      writtenPart.hidden = true;
      open(box.value);
    });
    box.addEventListener("click", () => { if (list.hidden) open(meant(places, box.value) ? "" : box.value); });
    box.addEventListener("blur", settle);
    select.form.addEventListener("submit", settle);

    const chosen = places.find((place) => place.value === select.value);
    if (chosen) box.value = chosen.name;
    else if (select.value === notListed.value) box.value = written.value || notListed.name;
    writtenPart.hidden = chosen !== undefined || select.value !== notListed.value || Boolean(written.value);
    if (chosen) written.value = "";
    written.disabled = select.value !== notListed.value;
  }

  document.querySelectorAll("[data-picker]").forEach(enhance);
})();
