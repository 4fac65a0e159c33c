// The workbench's keyboard: type to search, arrows to choose or move, Enter to take and go on, Escape, Ctrl-Z.
"use strict";

(() => {
  const board = document.querySelector("[data-workbench]");
  if (!board) { return; }
  const list = document.getElementById("choices");
  const said = board.querySelector("[data-status]");
  const token = board.querySelector("[name=csrfmiddlewaretoken]").value;
  const undone = [];
  let open = null; // the input whose choices are shown
  let choices = [];
  let at = -1;
  let timer = 0;
  let asking = null;

  const rowOf = (element) => element.closest("[data-word]");
  const inputs = () => [...board.querySelectorAll("input[role=combobox]")];

  const close = () => {
    if (asking) { asking.abort(); asking = null; }
    window.clearTimeout(timer);
    if (open) { open.setAttribute("aria-expanded", "false"); open.removeAttribute("aria-activedescendant"); }
    open = null; choices = []; at = -1;
    if (list) { list.hidden = true; list.replaceChildren(); }
  };

  const place = () => {
    const box = open.getBoundingClientRect();
    const width = Math.min(Math.max(box.width, 360), window.innerWidth - 16);
    const below = window.innerHeight - box.bottom;
    list.style.width = `${width}px`;
    const frame = list.offsetParent ? list.offsetParent.getBoundingClientRect() : { left: 0, top: 0 };
    list.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8)) - frame.left}px`;
    const height = Math.min(list.scrollHeight, 320);
    const top = below < height + 8 && box.top > height ? box.top - height - 4 : box.bottom + 4;
    list.style.top = `${top - frame.top}px`;
  };

  const mark = (index) => {
    at = index;
    [...list.children].forEach((element, number) => element.setAttribute("aria-selected", String(number === at)));
    const chosen = list.children[at];
    if (chosen) { open.setAttribute("aria-activedescendant", chosen.id); chosen.scrollIntoView({ block: "nearest" }); }
  };

  const cell = (kind, text) => {
    const element = document.createElement("span");
    element.className = kind; element.textContent = text;
    return element;
  };

  const show = (found) => {
    choices = found;
    list.replaceChildren(...found.map((choice, index) => {
      const element = document.createElement("div");
      element.className = "choice"; element.id = `choice-${index}`;
      element.setAttribute("role", "option");
      element.append(cell("code", choice.code), cell("name", choice.name), cell("kind", [choice.type, choice.currency].filter(Boolean).join(" · ")));
      if (choice.why_not) { element.setAttribute("aria-disabled", "true"); element.append(cell("why", `Not here: ${choice.why_not}`)); }
      element.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
      return element;
    }));
    if (!found.length) { list.append(cell("none", "Nothing in this ledger matches. Sync if it was just added there.")); }
    list.hidden = false;
    open.setAttribute("aria-expanded", "true");
    place();
    // Only what was typed picks the first; a list opened by a click starts at what holds or is suggested.
    const row = rowOf(open).dataset;
    const wanted = open.dataset.typed ? "" : row.target || row.suggested || "none";
    mark(found.findIndex((choice) => !choice.why_not && (!wanted || choice.id === wanted)));
  };

  const search = (input) => {
    if (open !== input) { close(); open = input; }
    window.clearTimeout(timer);
    timer = window.setTimeout(async () => {
      if (asking) { asking.abort(); }
      asking = new AbortController();
      const query = new URLSearchParams({ word: rowOf(input).dataset.word, q: input.dataset.typed ? input.value : "" });
      try {
        const answer = await fetch(`${board.dataset.targets}?${query}`, { signal: asking.signal, credentials: "same-origin" });
        if (!answer.ok) { throw new Error(String(answer.status)); }
        const found = (await answer.json()).choices;
        if (open === input) { show(found); }
      } catch (error) {
        if (error.name !== "AbortError") { complain(rowOf(input), "The search did not answer. Check the connection and type again."); }
      }
    }, 120);
  };

  const complain = (row, text) => {
    const place = row.querySelector("[data-error]");
    place.textContent = text; place.hidden = !text;
    said.textContent = text;
  };

  const next = (input, step) => {
    const all = inputs();
    const other = all[all.indexOf(input) + step];
    if (other) { other.focus(); other.select(); other.scrollIntoView({ block: "nearest" }); }
  };

  const replace = (answer) => {
    const old = document.getElementById(`w-${answer.word}`);
    const holder = document.createElement("tbody");
    holder.innerHTML = answer.row;
    const fresh = holder.querySelector("tr");
    const typing = board.querySelector("[data-head] input[name=comment]");
    const comment = typing ? typing.value : "";
    old.replaceWith(fresh);
    fresh.classList.add("saved");
    board.querySelector("[data-head]").innerHTML = answer.head;
    board.querySelector("[data-tabs]").innerHTML = answer.tabs;
    const again = board.querySelector("[data-head] input[name=comment]");
    if (again) { again.value = comment; }
    return fresh;
  };

  const save = async (row, wanted, step, keep) => {
    const before = row.dataset.target || "";
    if (before === wanted.external_id && !row.classList.contains("unfit")) { if (step) { next(row.querySelector("input"), step); } return; }
    complain(row, "");
    try {
      const answer = await fetch(board.dataset.save, {
        method: "POST", credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify({ word: row.dataset.word, ...wanted }),
      });
      const body = await answer.json();
      if (!answer.ok) { complain(row, body.error || "This could not be saved."); return; }
      const fresh = replace(body);
      if (keep !== false) { undone.push({ word: body.word, external_id: before }); }
      said.textContent = "Saved in the draft.";
      const input = fresh.querySelector("input[role=combobox]");
      if (input) { if (step) { next(input, step); } else { input.focus(); } }
    } catch {
      complain(row, "This could not be saved: the portal did not answer. Try again.");
    }
  };

  const take = (index) => {
    const choice = choices[index];
    if (!choice || choice.why_not) { return; }
    const row = rowOf(open);
    close();
    save(row, { external_id: choice.id }, 1);
  };

  const accept = (row, step) => {
    if (row.dataset.suggested) { save(row, { external_id: row.dataset.suggested, suggested: true }, step); }
  };

  const undo = () => {
    const last = undone.pop();
    const row = last && document.getElementById(`w-${last.word}`);
    if (row) { save(row, { external_id: last.external_id }, 0, false); }
  };

  const restore = (input) => { input.value = input.defaultValue; delete input.dataset.typed; };

  const onKey = (event) => {
    const input = event.target.closest("input[role=combobox]");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !(input && input.dataset.typed) && !event.target.matches("input:not([role=combobox])")) {
      event.preventDefault(); close(); undo(); return;
    }
    if (!input) { return; }
    const shown = open === input && !list.hidden;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && shown && choices.length) {
      event.preventDefault();
      let index = at < 0 && step < 0 ? 0 : at;
      let left = choices.length;
      do { index = (index + step + choices.length) % choices.length; left -= 1; } while (choices[index].why_not && left > 0);
      mark(index);
    } else if (step && event.altKey) {
      event.preventDefault(); search(input);
    } else if (step) {
      event.preventDefault(); next(input, step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (shown && at >= 0) { take(at); }
      else if (!input.dataset.typed && rowOf(input).dataset.suggested) { accept(rowOf(input), 1); }
      else if (!input.dataset.typed) { next(input, 1); }
    } else if (event.key === "Escape") {
      restore(input); close();
    }
  };

  board.addEventListener("keydown", onKey);
  board.addEventListener("input", (event) => {
    if (event.target.matches("input[role=combobox]")) { event.target.dataset.typed = "1"; search(event.target); }
  });
  board.addEventListener("click", (event) => {
    const row = rowOf(event.target);
    if (event.target.matches("input[role=combobox]") && open !== event.target) { event.target.select(); search(event.target); }
    else if (row && event.target.closest("[data-accept]")) { accept(row, 0); }
    else if (row && event.target.closest("[data-clear]")) { save(row, { external_id: "" }, 0); }
  });
  board.addEventListener("focusout", (event) => {
    if (event.target.matches("input[role=combobox]")) { restore(event.target); if (open === event.target) { close(); } }
  });
  board.addEventListener("change", (event) => { if (event.target.matches("[data-submit]")) { event.target.form.submit(); } });
  window.addEventListener("resize", close);

  if (board.dataset.focus) {
    const row = document.getElementById(`w-${board.dataset.focus}`);
    const input = row && row.querySelector("input[role=combobox]");
    if (row) { row.scrollIntoView({ block: "center" }); row.classList.add("saved"); }
    if (input) { input.focus(); }
  }
})();
