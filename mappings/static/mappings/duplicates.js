// Groups by keyboard: J and K move, 1 to 9 choose who stays, M merges, A keeps apart. Focus stays where the work is.
"use strict";

(() => {
  const groups = [...document.querySelectorAll("[data-group]")];
  if (!groups.length) { return; }

  const at = () => groups.findIndex((group) => group.contains(document.activeElement));
  const go = (index) => {
    const group = groups[Math.max(0, Math.min(index, groups.length - 1))];
    group.focus();
    group.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) { return; }
    const key = event.key.toLowerCase();
    const here = at();
    if (key === "j") { go(here + 1); } else if (key === "k") { go(here < 0 ? 0 : here - 1); } else if (here < 0) { return; } else if (/^[1-9]$/.test(key)) {
      const choice = groups[here].querySelectorAll("input[type=radio]")[Number(key) - 1];
      if (choice) { choice.checked = true; choice.focus(); }
    } else if (key === "m" || key === "a") {
      const button = groups[here].querySelector(`[data-act="${key === "m" ? "merge" : "apart"}"]`);
      if (button) { button.click(); }
    } else { return; }
    event.preventDefault();
  });

  // After a decision the next group is the first one.
  if (!window.location.hash) { go(0); }
})();
