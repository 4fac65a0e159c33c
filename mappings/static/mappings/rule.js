// The form of one rule: its record is searched for as one types, among those that fit the side and subject.
"use strict";

(() => {
  const form = document.querySelector("[data-rule]");
  if (!form) { return; }
  const input = form.elements.target;
  const chosen = form.elements.target_id;
  window.searchBox(input, {
    list: document.getElementById("choices"),
    // What was chosen before says nothing about what is looked for now.
    address: () => `${form.dataset.targets}&${new URLSearchParams({ side: form.elements.side.value, q: chosen.value ? "" : input.value })}`,
    typed: () => { chosen.value = ""; },
    taken: (choice) => { chosen.value = choice.id; },
  });
  form.elements.value.setAttribute("list", "words");
  const subject = form.querySelector("[data-subject]");
  // Another subject has other conditions and records: the form begins anew with the word that was typed.
  if (subject) { subject.addEventListener("change", () => { window.location.search = new URLSearchParams({ subject: subject.value, side: form.elements.side.value, value: form.elements.value.value }); }); }
})();
