// The workbench by keyboard: j and k move, a approves, x rejects, n shows the next explanation, u takes the last decision back,
// s splits a line, d books the difference, c comments on it, g gives it to a colleague, f finds its record by hand, r writes a rule from it, b opens approval in bulk. A decision leaves neither the page nor the place in it.
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
        answer = await fetch(form.action, {
          method: "POST", body: new FormData(form), credentials: "same-origin", headers: { "Portal-Board": "1" },
        });
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

    const unfold = (selector, field) => {
      const details = cards[at]?.querySelector(selector);
      if (!details) { return; }
      details.open = true;
      details.querySelector(field).focus();
    };
    const reject = () => unfold("details.reject", "input[name=reason]");

    const moves = {
      j: () => { if (at + 1 < cards.length) { focus(at + 1, true); } else { follow(board.querySelector("[data-next-page]")); } },
      k: () => { if (at > 0) { focus(at - 1, true); } else { follow(board.querySelector("[data-previous-page]")); } },
    };
    const acts = {
      a: () => submit(cards[at]?.querySelector("[data-variant]:not([hidden]) form[data-approve]")),
      x: reject,
      n: () => { if (cards[at]) { next(cards[at]); } },
      u: () => submit(board.querySelector("form[data-undo]")),
      c: () => unfold("details[data-comment]", "input[name=text]"),
      g: () => unfold("details[data-give]", "select"),
      s: () => follow(cards[at]?.querySelector("a[data-split]")),
      d: () => follow(cards[at]?.querySelector("a[data-settle]")),
      f: () => follow(cards[at]?.querySelector("a[data-find]")),
      r: () => follow(cards[at]?.querySelector("a[data-rule]")),
      b: () => follow(board.querySelector("a[data-bulk]")),
    };

    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (!board.contains(form) || !form.matches("[data-approve], [data-reject], [data-undo], [data-stay]")) { return; }
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
    document.querySelectorAll("[data-sum]").forEach((form) => {
      const units = (text) => Math.round(Number(text) * 1e6);
      const words = (amount) => (amount / 1e6).toLocaleString("en-GB", { minimumFractionDigits: 2 });
      const tell = () => {
        const chosen = [...form.querySelectorAll("input[data-amount]:checked")].reduce((sum, box) => sum + units(box.dataset.amount), 0);
        form.querySelector("[data-chosen]").textContent = words(chosen);
        form.querySelector("[data-difference]").textContent = words(units(form.dataset.sum) - chosen);
      };
      form.addEventListener("change", tell);
      tell();
    });
    // Splitting a line: what remains, to the cent; a chosen document offers what is open of it, as far as the money goes.
    document.querySelectorAll("form[data-parts]").forEach((form) => {
      const units = (text) => Math.round(Number(text.replace(/[,\s]/g, "").replace("−", "-")) * 1e6) || 0;
      const words = (amount) => (amount / 1e6).toLocaleString("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 6 });
      const plain = (amount) => String(amount / 1e6);
      const rows = () => [...form.querySelectorAll("[data-part]")];
      const field = (row) => row.querySelector("input");
      const rest = () => units(form.dataset.parts) - rows().reduce((sum, row) => sum + units(field(row).value), 0);
      const tell = () => {
        form.querySelector("[data-rest]").textContent = words(rest());
        form.querySelectorAll("button[type=submit]:not([data-search])").forEach((button) => { button.disabled = rest() !== 0; });
      };
      form.addEventListener("input", tell);
      // Enter in the search box searches; anywhere else it splits.
      form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target.matches("input[type=search]")) { event.preventDefault(); form.querySelector("[data-search]").click(); }
      });
      form.addEventListener("change", (event) => {
        const row = event.target.closest("[data-part]");
        const open = event.target.selectedOptions?.[0]?.dataset.open;
        if (row && open && !field(row).value) {
          const least = [units(open), rest()].sort((one, other) => Math.abs(one) - Math.abs(other))[0];
          field(row).value = plain(least);
        }
        tell();
      });
      form.addEventListener("click", (event) => {
        const row = event.target.closest("[data-part]");
        if (row && event.target.matches("[data-take-rest]")) { field(row).value = plain(units(field(row).value) + rest()); tell(); }
        if (event.target.matches("[data-add-part]")) {
          const fresh = rows()[0].cloneNode(true);
          field(fresh).value = "";
          fresh.querySelector("select").selectedIndex = 0;
          rows().at(-1).after(fresh);
          field(fresh).focus();
        }
      });
      tell();
    });
    // A page that waits for a worker reloads itself, while somebody looks at it and is not writing.
    document.querySelectorAll("[data-refresh]").forEach((panel) => {
      window.setInterval(() => {
        if (!document.hidden && !typing(document.activeElement ?? document.body)) { window.location.reload(); }
      }, 1000 * Number(panel.dataset.refresh));
    });
  });
})();
