// Small behaviours, each asked for by an attribute: live panels, bodies fetched when opened, lists narrowed, texts copied, one submit.
"use strict";

(() => {
  // <div data-live="URL"> asks the URL for {html, finished, next}; it reloads (or goes to `next`) once finished.
  const follow = (panel) => {
    let wait = 1000;
    const ask = async () => {
      if (!panel.isConnected) { return; }
      if (document.hidden) { window.setTimeout(ask, wait); return; }
      try {
        const answer = await fetch(panel.dataset.live, { headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (!answer.ok) { throw new Error(String(answer.status)); }
        const state = await answer.json();
        if (state.html) { panel.innerHTML = state.html; }
        if (state.finished) {
          if (state.next) { window.location.assign(state.next); } else { window.location.reload(); }
          return;
        }
        wait = Math.min(wait + 100, 3000);
      } catch {
        wait = Math.min(wait * 2, 15000);
      }
      window.setTimeout(ask, wait);
    };
    window.setTimeout(ask, wait);
  };

  // <details data-body="URL"><summary/><div data-target/></details> loads its body the first time it is opened.
  const lazy = (details) => {
    details.addEventListener("toggle", async () => {
      const target = details.querySelector("[data-target]");
      if (!details.open || !target || target.dataset.loaded) { return; }
      target.dataset.loaded = "1";
      try {
        const answer = await fetch(details.dataset.body, { credentials: "same-origin" });
        if (!answer.ok) { throw new Error(String(answer.status)); }
        target.innerHTML = await answer.text();
      } catch {
        delete target.dataset.loaded;
        target.textContent = "This could not be loaded. Close and open it to try again.";
      }
    });
  };

  // <input data-narrows="ID"> shows only those children of #ID whose data-words hold what is typed; Enter takes the first.
  const narrow = (input) => {
    const list = document.getElementById(input.dataset.narrows);
    const rows = [...list.querySelectorAll("[data-words]")];
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row) => { row.hidden = !words.every((word) => row.dataset.words.includes(word)); });
      const shown = rows.filter((row) => !row.hidden);
      list.querySelector("[data-none]")?.classList.toggle("hidden", shown.length > 0);
      const chosen = list.querySelector("input:checked");
      if (shown.length && (!chosen || chosen.closest("[data-words]").hidden)) { shown[0].querySelector("input").checked = true; }
      list.closest("form").querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = shown.length === 0; });
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") { list.querySelector("[data-words]:not([hidden]) input:checked")?.focus(); event.preventDefault(); }
    });
  };

  // <button data-fill="#field=value …"> fills in form fields, such as the days of a period.
  const fill = (button) => button.addEventListener("click", () => {
    button.dataset.fill.split(" ").forEach((pair) => {
      const [selector, value] = pair.split("=");
      document.querySelector(selector).value = value;
    });
  });

  // <button data-copy="ID"> copies the text of #ID; where the browser forbids it, the text is selected instead.
  const copy = (button) => button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const said = button.querySelector("[data-said]");
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      said.textContent = "Copied";
    } catch {
      window.getSelection().selectAllChildren(source);
      said.textContent = "Selected: copy it with your keyboard";
    }
  });

  const wire = (root) => {
    root.querySelectorAll("[data-copy]").forEach(copy);
    root.querySelectorAll("[data-fill]").forEach(fill);
    root.querySelectorAll("[data-narrows]").forEach(narrow);
    root.querySelectorAll("[data-live]").forEach(follow);
    root.querySelectorAll("details[data-body]").forEach(lazy);
    root.querySelectorAll(".tab-strip [aria-current]").forEach((tab) => {
      tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.clientWidth / 2 + tab.clientWidth / 2;
    });
    root.querySelectorAll("form[data-once]").forEach((form) => form.addEventListener("submit", () => {
      form.querySelectorAll("button[type=submit]").forEach((button) => { window.setTimeout(() => { button.disabled = true; }, 0); });
    }));
  };

  document.addEventListener("DOMContentLoaded", () => wire(document));
  // A part of a page that a script has put in place of another says so with this event.
  document.addEventListener("portal:fresh", (event) => wire(event.target));
})();
