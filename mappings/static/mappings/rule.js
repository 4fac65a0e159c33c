// The form of one rule: search as you type over the ledger's records; what cannot be used is shown with its reason.
"use strict";

(() => {
  const form = document.querySelector("[data-rule]");
  if (!form) { return; }
  const list = document.getElementById("choices");
  const input = form.elements.target;
  const chosen = form.elements.target_id;
  let choices = [];
  let at = -1;
  let timer = 0;
  let asking = null;

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

  const cell = (kind, text) => {
    const element = document.createElement("span");
    element.className = kind; element.textContent = text;
    return element;
  };

  const take = (index) => {
    const choice = choices[index];
    if (!choice || choice.why_not) { return; }
    input.value = choice.label; chosen.value = choice.id;
    close();
  };

  const show = (found) => {
    choices = found;
    list.replaceChildren(...found.map((choice, index) => {
      const element = document.createElement("div");
      element.className = "choice"; element.id = `choice-${index}`; element.setAttribute("role", "option");
      element.append(cell("code", choice.code), cell("name", choice.name), cell("kind", [choice.type, choice.currency].filter(Boolean).join(" · ")));
      if (choice.why_not) { element.setAttribute("aria-disabled", "true"); element.append(cell("why", `Not here: ${choice.why_not}`)); }
      element.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
      return element;
    }));
    if (!found.length) { list.append(cell("none", "Nothing in this ledger matches. Sync if it was just added there.")); }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(found.findIndex((choice) => !choice.why_not));
  };

  const search = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(async () => {
      if (asking) { asking.abort(); }
      asking = new AbortController();
      const query = new URLSearchParams({ side: form.elements.side.value, q: chosen.value ? "" : input.value });
      try {
        const answer = await fetch(`${form.dataset.targets}&${query}`, { signal: asking.signal, credentials: "same-origin" });
        if (!answer.ok) { throw new Error(String(answer.status)); }
        show((await answer.json()).choices);
      } catch (error) {
        if (error.name !== "AbortError") { list.replaceChildren(cell("none", "The search did not answer. Check the connection and type again.")); list.hidden = false; }
      }
    }, 120);
  };

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", "choices");
  input.setAttribute("aria-expanded", "false");
  form.elements.value.setAttribute("list", "words");
  input.addEventListener("input", () => { chosen.value = ""; search(); });
  input.addEventListener("click", search);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && list.hidden) { event.preventDefault(); search(); }
    else if (step && choices.length) {
      event.preventDefault();
      let index = at;
      let left = choices.length;
      do { index = (index + step + choices.length) % choices.length; left -= 1; } while (choices[index].why_not && left > 0);
      mark(index);
    } else if (event.key === "Enter" && !list.hidden) { event.preventDefault(); take(at); }
    else if (event.key === "Escape") { close(); }
  });
  const subject = form.querySelector("[data-subject]");
  // Another subject has other conditions and records: the form begins anew with the word that was typed.
  if (subject) { subject.addEventListener("change", () => { window.location.search = new URLSearchParams({ subject: subject.value, side: form.elements.side.value, value: form.elements.value.value }); }); }
})();
