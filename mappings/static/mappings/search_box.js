// A search box over a ledger's records with a list below: what cannot be used is shown with its reason, and not taken.
"use strict";

// input: the text field; list: the element of the choices; address(whole): where to ask, or null with `first` as the reason,
// whole when everything is to be shown; typed: called as the text changes by hand; taken(choice): what was chosen.
window.searchBox = (input, { list, address, first = "", typed = () => {}, taken = () => {} }) => {
  let choices = [], at = -1, timer = 0, asking = null;

  const cell = (kind, text) => {
    const element = document.createElement("span");
    element.className = kind; element.textContent = text;
    return element;
  };
  const say = (text) => { list.replaceChildren(cell("none", text)); list.hidden = false; };
  const close = () => {
    window.clearTimeout(timer);
    if (asking) { asking.abort(); asking = null; }
    list.hidden = true; list.replaceChildren(); choices = []; at = -1;
    input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant");
  };
  const mark = (index) => {
    at = index;
    [...list.children].forEach((element, number) => element.setAttribute("aria-selected", String(number === at)));
    if (list.children[at]) { input.setAttribute("aria-activedescendant", list.children[at].id); list.children[at].scrollIntoView({ block: "nearest" }); }
  };
  const take = (index) => {
    const choice = choices[index];
    if (!choice || choice.why_not) { return; }
    input.value = choice.label; taken(choice); close();
  };
  const option = (choice, index) => {
    const element = document.createElement("div");
    element.className = "choice"; element.id = `${list.id}-${index}`; element.setAttribute("role", "option");
    element.append(cell("code", choice.code), cell("name", choice.name), cell("kind", [choice.type, choice.currency].filter(Boolean).join(" · ")));
    if (choice.why_not) { element.setAttribute("aria-disabled", "true"); element.append(cell("why", `Not here: ${choice.why_not}`)); }
    element.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
    return element;
  };
  const show = (found) => {
    choices = found;
    list.replaceChildren(...found.map(option));
    if (!found.length) { list.append(cell("none", "Nothing in this ledger matches. Sync if it was just added there.")); }
    list.hidden = false; input.setAttribute("aria-expanded", "true");
    mark(found.findIndex((choice) => !choice.why_not));
  };
  const ask = async (whole) => {
    const url = address(whole);
    if (!url) { say(first); return; }
    if (asking) { asking.abort(); }
    asking = new AbortController();
    try {
      const answer = await fetch(url, { signal: asking.signal, credentials: "same-origin" });
      if (!answer.ok) { throw new Error(String(answer.status)); }
      show((await answer.json()).choices);
    } catch (error) {
      if (error.name !== "AbortError") { say("The search did not answer. Check the connection and type again."); }
    }
  };
  const search = (whole) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => ask(whole), 120);
  };
  const step = (by) => {
    let index = at, left = choices.length;
    do { index = (index + by + choices.length) % choices.length; left -= 1; } while (choices[index].why_not && left > 0);
    mark(index);
  };

  input.setAttribute("role", "combobox"); input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id); input.setAttribute("aria-expanded", "false");
  input.addEventListener("input", () => { typed(); search(false); });
  input.addEventListener("click", () => search(true));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by && list.hidden) { event.preventDefault(); search(true); }
    else if (by && choices.length) { event.preventDefault(); step(by); }
    else if (event.key === "Enter" && !list.hidden) { event.preventDefault(); take(at); }
    else if (event.key === "Escape") { close(); }
  });
};
