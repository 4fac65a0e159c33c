// The workbench by keyboard: j and k move, a approves, x rejects, n shows the next explanation, u takes the last decision back.
"use strict";

(() => {
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  const setUp = (board) => {
    const cards = [...board.querySelectorAll("[data-card]")];
    let at = -1;

    const focus = (wanted, scroll) => {
      if (!cards.length) { return; }
      at = Math.max(0, Math.min(wanted, cards.length - 1));
      cards[at].focus({ preventScroll: true });
      if (scroll) { cards[at].scrollIntoView({ block: "nearest" }); }
      // A decision comes back to this place: the next question has moved up into it.
      cards[at].querySelectorAll("input[name=next]").forEach((input) => {
        const address = new URL(input.value, window.location.origin);
        address.searchParams.set("at", String(at));
        input.value = address.pathname + address.search;
      });
    };

    const shown = () => cards[at]?.querySelector("[data-variant]:not([hidden])");

    const next = (card) => {
      const variants = [...card.querySelectorAll("[data-variant]")];
      if (variants.length < 2) { return; }
      const now = variants.findIndex((variant) => !variant.hidden);
      variants[now].hidden = true;
      variants[(now + 1) % variants.length].hidden = false;
    };

    const submit = (form) => { if (form) { form.requestSubmit(); } };

    const reject = () => {
      const details = cards[at]?.querySelector("details.reject");
      if (!details) { return; }
      details.open = true;
      details.querySelector("input[name=reason]").focus();
    };

    const keys = {
      j: () => focus(at + 1, true),
      k: () => focus(at - 1, true),
      a: () => submit(shown()?.querySelector("form[data-approve]")),
      x: reject,
      n: () => { if (cards[at]) { next(cards[at]); } },
      u: () => submit(board.querySelector("form[data-undo]")),
    };

    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && typing(event.target) && cards[at]?.contains(event.target)) {
        event.target.closest("details").open = false;
        focus(at, false);
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) { return; }
      const act = keys[event.key];
      if (act) { event.preventDefault(); act(); }
    });

    cards.forEach((card, place) => {
      card.addEventListener("focusin", () => { if (at !== place) { at = place; } });
      card.querySelectorAll("[data-next]").forEach((button) => button.addEventListener("click", () => { next(card); focus(place, false); }));
    });
    focus(Number(board.dataset.focus) || 0, Boolean(Number(board.dataset.focus)));
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-workbench]").forEach(setUp);
    // Matching by hand: what is chosen so far, counted in whole millionths so that no cent is lost.
    document.querySelectorAll("form[data-sum]").forEach((form) => {
      const units = (text) => Math.round(Number(text) * 1e6);
      const words = (amount) => (amount / 1e6).toLocaleString("en-GB", { minimumFractionDigits: 2 });
      form.addEventListener("change", () => {
        const chosen = [...form.querySelectorAll("input[data-amount]:checked")].reduce((sum, box) => sum + units(box.dataset.amount), 0);
        form.querySelector("[data-chosen]").textContent = words(chosen);
        form.querySelector("[data-difference]").textContent = words(units(form.dataset.sum) - chosen);
      });
    });
    // A page that waits for a worker reloads itself, while somebody looks at it and is not writing.
    document.querySelectorAll("[data-refresh]").forEach((panel) => {
      window.setInterval(() => {
        if (!document.hidden && !typing(document.activeElement ?? document.body)) { window.location.reload(); }
      }, 1000 * Number(panel.dataset.refresh));
    });
  });
})();
