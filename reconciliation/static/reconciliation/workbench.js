// The workbench by keyboard: j and k move, a approves, x rejects, n shows the next explanation, u takes the last decision back,
// f finds a line's record by hand, b opens approval in bulk. A decision leaves neither the page nor the place in it.
"use strict";

(() => {
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  const next = (card) => {
    const variants = [...card.querySelectorAll("[data-variant]")];
    if (variants.length < 2) { return; }
    const now = variants.findIndex((variant) => !variant.hidden);
    variants[now].hidden = true;
    variants[(now + 1) % variants.length].hidden = false;
  };

  const setUp = (first) => {
    let board = first;
    let cards = [];
    let at = -1;
    let isSending = false;

    const mark = (place) => {
      at = place;
      // A decision comes back to this place: the next question has moved up into it.
      board.querySelectorAll("input[name=next]").forEach((input) => {
        const address = new URL(input.value, window.location.origin);
        address.searchParams.set("at", String(at));
        input.value = address.pathname + address.search;
      });
    };

    const focus = (wanted, scroll) => {
      mark(Math.max(0, Math.min(wanted, cards.length - 1)));
      cards[at]?.focus({ preventScroll: true });
      if (scroll) { cards[at]?.scrollIntoView({ block: "nearest" }); }
    };

    const take = (fresh, place, scroll) => {
      board = fresh;
      cards = [...board.querySelectorAll("[data-card]")];
      cards.forEach((card, index) => {
        card.addEventListener("focusin", () => { if (at !== index) { mark(index); } });
        card.querySelectorAll("[data-next]").forEach((button) => button.addEventListener("click", () => { next(card); focus(index, false); }));
      });
      focus(place, scroll);
    };

    // What the server answers takes the board's place. Whatever is not a board (signed out, an error) the browser shows itself.
    const send = async (form) => {
      if (isSending) { return; }
      isSending = true;
      board.setAttribute("aria-busy", "true");
      let page = null;
      let answer = null;
      try {
        answer = await fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin" });
        page = new DOMParser().parseFromString(await answer.text(), "text/html");
      } catch {
        page = null;
      }
      const fresh = page?.querySelector("[data-workbench]");
      if (!fresh) { form.submit(); return; }
      window.history.replaceState(null, "", answer.url);
      document.querySelector("[data-said]").replaceChildren(...page.querySelector("[data-said]").childNodes);
      board.replaceWith(fresh);
      fresh.dispatchEvent(new Event("portal:fresh", { bubbles: true }));
      take(fresh, at, true);
      isSending = false;
    };

    const submit = (form) => { if (form) { form.requestSubmit(); } };
    const follow = (link) => { if (link) { link.click(); } };

    const reject = () => {
      const details = cards[at]?.querySelector("details.reject");
      if (!details) { return; }
      details.open = true;
      details.querySelector("input[name=reason]").focus();
    };

    const moves = {
      j: () => { if (at + 1 < cards.length) { focus(at + 1, true); } else { follow(board.querySelector("[data-next-page]")); } },
      k: () => { if (at > 0) { focus(at - 1, true); } else { follow(board.querySelector("[data-previous-page]")); } },
    };
    const acts = {
      a: () => submit(cards[at]?.querySelector("[data-variant]:not([hidden]) form[data-approve]")),
      x: reject,
      n: () => { if (cards[at]) { next(cards[at]); } },
      u: () => submit(board.querySelector("form[data-undo]")),
      f: () => follow(cards[at]?.querySelector("a[data-find]")),
      b: () => follow(board.querySelector("a[data-bulk]")),
    };

    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (!board.contains(form) || !form.matches("[data-approve], [data-reject], [data-undo]")) { return; }
      event.preventDefault();
      send(form);
    });

    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && typing(event.target) && cards[at]?.contains(event.target)) {
        event.target.closest("details").open = false;
        focus(at, false);
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) { return; }
      // A key that is held down runs through the list; it decides once, and never about a question that is not there yet.
      const act = moves[event.key] ?? (event.repeat || isSending ? undefined : acts[event.key]);
      if (act) { event.preventDefault(); act(); }
    });

    const place = Number(board.dataset.focus) || 0;
    take(board, place, place > 0);
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-workbench]").forEach(setUp);
    // The theme hides a page until its script has run: too late for the browser's own autofocus.
    document.querySelector("#content [autofocus]")?.focus();
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
