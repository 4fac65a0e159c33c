// Accounts, tax codes and vendors of a bank rule are searched for as one types.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-pick]").forEach((input) => {
    const list = document.createElement("div");
    list.className = "choices"; list.id = `${input.id}-choices`; list.hidden = true; list.setAttribute("role", "listbox");
    input.after(list); input.parentElement.style.position = "relative";
    const connection = () => (input.form.elements.connection ? input.form.elements.connection.value : input.dataset.connection);
    window.searchBox(input, {
      list,
      first: "Choose the connection first.",
      address: (whole) => {
        if (!connection()) { return null; }
        const query = new URLSearchParams({ of: input.dataset.pick, q: whole ? "" : input.value });
        return `${input.dataset.choices.replace("00000000-0000-0000-0000-000000000000", connection())}?${query}`;
      },
    });
  });
});
