// The mapping workbench: filters and counts, the keyboard, and what each action means. `?` on the screen lists the keys.
import { Choices } from "./choices.js";
import { Grid, isOpen } from "./grid.js";
import { Saving } from "./saving.js";

const AT_ONCE = 60; // suggestions asked for together
const FILTERS = {
  all: () => true,
  unmapped: isOpen,
  default: (row) => row.state === "default",
  rules: (row) => row.rules > 0,
  changed: (row) => row.active !== row.target,
  unfit: (row) => row.state === "unfit",
  waiting: (row) => row.waits > 0,
};

const board = document.querySelector("[data-workbench]");
const part = (name) => board.querySelector(`[data-${name}]`);
const rows = JSON.parse(document.getElementById("words").textContent);
const labels = Object.fromEntries([...board.querySelectorAll("[data-subject]")].map((tab) => [tab.dataset.subject, tab.firstChild.textContent.trim()]));
const isEditable = "editable" in board.dataset;
const chosen = { subject: "", side: "", show: "all", text: "" };
const say = (text) => { part("status").textContent = text; };

const grid = new Grid(board, rows, labels);
const saving = new Saving(board, grid.byId, { painted, settled, say });
const choices = new Choices(board, take, (row, text) => { row.error = text; grid.paint(row); say(text); });

// ---- filters and counts

function inScope(row) {
  return (!chosen.subject || row.subject === chosen.subject) && (!chosen.side || row.side === chosen.side)
    && (!chosen.text || `${row.value} ${row.means}`.toLowerCase().includes(chosen.text));
}

// Rows stay where they are while a person works on them; only a filter that is set anew drops what no longer fits.
function filter() {
  choices.close();
  grid.show(rows.filter((row) => inScope(row) && FILTERS[chosen.show](row)));
  count();
  const query = new URLSearchParams(Object.entries({ subject: chosen.subject, side: chosen.side, show: chosen.show === "all" ? "" : chosen.show, q: chosen.text }).filter(([, value]) => value));
  window.history.replaceState(null, "", query.size ? `?${query}` : window.location.pathname);
}

function count() {
  const scope = rows.filter(inScope);
  for (const button of part("filters").children) {
    const found = scope.filter(FILTERS[button.dataset.show]).length;
    button.querySelector("b").textContent = found;
    button.hidden = "rare" in button.dataset && !found && button.dataset.show !== chosen.show;
    button.setAttribute("aria-pressed", String(button.dataset.show === chosen.show));
  }
  for (const tab of part("subjects").children) {
    const mine = rows.filter((row) => !tab.dataset.subject || row.subject === tab.dataset.subject);
    const open = mine.filter(isOpen).length;
    const shown = tab.querySelector(".count");
    shown.textContent = open ? `${open} open` : mine.length;
    shown.classList.toggle("count-open", open > 0);
    tab.toggleAttribute("hidden", !mine.length);
    if (tab.dataset.subject === chosen.subject) { tab.setAttribute("aria-current", "true"); } else { tab.removeAttribute("aria-current"); }
  }
  if (!isEditable) { return; }
  const exact = exactRows().length;
  part("accept-exact").disabled = exact === 0;
  part("accept-exact").querySelector("b").textContent = exact || "";
  part("undo").disabled = saving.past.length === 0;
  part("selected").hidden = grid.selected.size === 0;
  part("selected-count").textContent = grid.selected.size;
  part("tick-all").checked = grid.selected.size > 0 && grid.selected.size >= grid.shown.length;
}

function painted(changed) {
  changed.forEach((row) => grid.paint(row));
  if (!counting) { counting = window.requestAnimationFrame(() => { counting = 0; count(); }); }
}
let counting = 0;

// ---- suggestions, asked for when a row comes into view

const isOffered = (row) => !row.target || row.state === "unfit";
const asked = new Map(); // id → promise of its suggestion
let toAsk = [];
let askSoon = 0;

function want(row) {
  if (!isOffered(row) || row.suggestion || row.none) { return undefined; }
  if (!asked.has(row.id)) {
    asked.set(row.id, new Promise((done) => { toAsk.push({ row, done }); }));
    if (!askSoon) { askSoon = window.setTimeout(askAll, 40); }
  }
  return asked.get(row.id);
}

async function askAll() {
  askSoon = 0;
  while (toAsk.length) {
    const batch = toAsk.splice(0, AT_ONCE);
    let found = {};
    try {
      const answer = await fetch(`${board.dataset.suggestions}?words=${batch.map(({ row }) => row.id).join(",")}`, { credentials: "same-origin" });
      if (answer.ok) { found = (await answer.json()).suggestions; }
    } catch { say("Suggestions did not arrive; scroll on to ask again."); }
    for (const { row, done } of batch) {
      if (row.id in found && !row.none) { row.suggestion = row.suggestion || found[row.id]; row.none = !row.suggestion; }
      asked.delete(row.id);
      grid.paint(row);
      done();
    }
  }
}

grid.onWindow = (seen) => { seen.forEach(want); };

// What was chosen teaches: rows that nobody sees are asked for anew; nothing changes under a person's eyes.
function forgetUnseen() {
  for (const row of rows) {
    if (isOffered(row) && !grid.elements.has(row.id) && !row.suggestion?.exact && !saving.telling) { row.suggestion = null; row.none = false; }
  }
}

// ---- what the actions do

function targets(row) {
  return grid.selected.has(row.id) ? [...grid.selected].map((id) => grid.byId.get(id)) : [row];
}

function take(row, choice) {
  const all = targets(row);
  const other = all.find((each) => each.subject !== row.subject || each.side !== row.side);
  if (other) {
    say(`${all.length} selected values are not all ${labels[row.subject].toLowerCase()} of ${row.side}; select values of one use.`);
    row.error = "The selection has values of several uses."; grid.paint(row);
    return;
  }
  typed(row, false);
  saving.set(all.map((each) => ({ row: each, target: choice.id, means: choice.label })));
  if (all.length > 1) { say(`${all.length} values mean ${choice.label}.`); deselect(); }
  grid.go(grid.nextOpen());
}

async function accept(row, { goOn }) {
  await want(row);
  const found = isOffered(row) ? row.suggestion : null;
  if (found) { saving.set([{ row, target: found.id, means: found.name, reason: found.reason, suggested: true }]); }
  if (goOn) { grid.go(grid.nextOpen()); }
}

function remove(row) {
  saving.set(targets(row).map((each) => ({ row: each, target: "", means: "" })));
  deselect();
}

// “Not this”: the suggestion of the row, or of every selected one, gives way to the next likely.
function refuse(row) {
  const pairs = targets(row).filter((each) => isOffered(each) && each.suggestion).map((each) => ({ row: each, record: each.suggestion }));
  if (pairs.length) { saving.refuse(pairs); } else { say("There is no suggestion to refuse here."); }
  deselect();
}

function takeBack(row) {
  const pairs = targets(row).flatMap((each) => each.refused.map((record) => ({ row: each, record })));
  if (pairs.length) { saving.refuse(pairs, false); } else { say("Nothing was refused for this value."); }
  deselect();
}

function exactRows() {
  const scope = grid.selected.size ? [...grid.selected].map((id) => grid.byId.get(id)) : grid.shown;
  return scope.filter((row) => row.state === "unmapped" && row.suggestion?.exact);
}

function acceptExact() {
  const taken = saving.acceptExact(exactRows());
  say(taken ? `${taken} exact suggestion${taken === 1 ? "" : "s"} taken into the draft.` : "There is no exact suggestion here.");
  deselect();
  if (grid.active() && !isOpen(grid.active())) { grid.go(grid.nextOpen()); }
}

function deselect() { grid.select([]); count(); }

function travel(step) {
  const index = step ? grid.indexOf(step.id) : -1;
  if (index >= 0) { grid.go(index); }
  count();
}

function typed(row, on) {
  const input = grid.elements.get(row.id)?.querySelector("input[role=combobox]");
  if (input && !on) { input.value = input.defaultValue; delete input.dataset.typed; }
}

// ---- the head: fetched again once all is stored; a comment that is being written stays

let headSoon = 0;
function settled() {
  count();
  forgetUnseen();
  window.clearTimeout(headSoon);
  headSoon = window.setTimeout(refreshHead, 500);
}

async function refreshHead() {
  const answer = await fetch(board.dataset.headUrl, { credentials: "same-origin" }).catch(() => null);
  const head = part("head");
  if (!answer?.ok || head.contains(document.activeElement)) { return; }
  const comment = head.querySelector("[name=comment]")?.value || "";
  head.innerHTML = await answer.text();
  const field = head.querySelector("[name=comment]");
  if (field) { field.value = comment; }
}

async function toSubmit() {
  choices.close();
  await saving.idle();
  window.clearTimeout(headSoon);
  document.activeElement?.blur();
  await refreshHead();
  const field = part("head").querySelector("[name=comment]");
  if (field) { field.scrollIntoView({ block: "center" }); field.focus(); } else { say("Nothing has changed yet, so there is nothing to submit."); }
}

part("head").addEventListener("submit", async (event) => {
  if (!saving.isBusy()) { return; }
  event.preventDefault();
  await saving.idle();
  event.target.requestSubmit(event.submitter);
});
part("head").addEventListener("toggle", async (event) => {
  const target = event.target.querySelector?.("[data-target]");
  if (!event.target.open || !target) { return; }
  await saving.idle();
  const answer = await fetch(event.target.dataset.changes, { credentials: "same-origin" }).catch(() => null);
  target.innerHTML = answer?.ok ? await answer.text() : "<p class='panel-body'>This could not be loaded. Close and open it to try again.</p>";
}, true);

// ---- the keyboard

const MOVES = {
  ArrowDown: () => 1, ArrowUp: () => -1, PageDown: () => grid.pageOf(), PageUp: () => -grid.pageOf(),
};
const CONTROL = {
  z: (event) => travel(event.shiftKey ? saving.redo() : saving.undo()),
  y: () => travel(saving.redo()),
  a: () => { grid.select(grid.shown); count(); },
  s: toSubmit,
  Enter: acceptExact,
  Delete: () => { if (grid.active()) { refuse(grid.active()); } },
  Home: () => grid.go(0),
  End: () => grid.go(grid.shown.length - 1),
};
const PLAIN = {
  Enter: (row) => accept(row, { goOn: true }),
  " ": (row) => { grid.toggle(row); count(); },
  Delete: (row) => remove(row),
  Escape: () => deselect(),
  "?": () => part("keys").showModal(),
  "/": () => part("find").focus(),
};

function onControl(event) {
  const act = CONTROL[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) { return; }
  event.preventDefault();
  choices.close();
  act(event);
}

function onList(event) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choices.step(event.key === "ArrowDown" ? 1 : -1); }
  else if (event.key === "Enter") { event.preventDefault(); choices.enter(); }
}

function onGridKey(event) {
  const row = grid.active();
  const input = event.target.closest("input[role=combobox]");
  const isTyped = Boolean(input?.dataset.typed);
  if (!row || event.isComposing) { return; }
  if (event.altKey && event.key >= "1" && event.key <= "7") { event.preventDefault(); part("filters").children[Number(event.key) - 1].click(); return; }
  if (event.altKey && event.key === "Delete") { event.preventDefault(); takeBack(row); return; }
  if ((event.ctrlKey || event.metaKey) && !(isTyped && ["a", "z", "y", "delete"].includes(event.key.toLowerCase()))) { onControl(event); return; }
  if (input && event.key === "Escape" && (isTyped || choices.isOpen(input))) { event.preventDefault(); typed(row, false); choices.close(); return; }
  if (input && (isTyped || choices.isOpen(input)) && !event.altKey) { onList(event); return; }
  if (event.key === "ArrowDown" && event.altKey && input) { event.preventDefault(); choices.search(input, row); return; }
  if (MOVES[event.key]) { event.preventDefault(); move(row, MOVES[event.key](), event.shiftKey); return; }
  if (!input) {
    // Focus is on the scrolled area, because the row that had it went out of sight.
    if (event.target === grid.scroller && event.key.length === 1 && event.key !== "?") { grid.go(grid.at); }
    return;
  }
  if (PLAIN[event.key]) { event.preventDefault(); PLAIN[event.key](row); }
}

function move(row, by, extend) {
  if (extend) { grid.toggle(row, true); }
  grid.go(grid.at + by);
  if (extend) { grid.toggle(grid.active(), true); count(); }
}

grid.scroller.addEventListener("keydown", onGridKey);
document.addEventListener("keydown", (event) => {
  const isFree = event.target === document.body || event.target.closest("[data-filters], [data-subjects]");
  if (isFree && event.key === "?") { part("keys").showModal(); }
  else if (isFree && event.key === "ArrowDown") { event.preventDefault(); grid.go(grid.at); }
  else if (isFree && event.ctrlKey && "zy".includes(event.key)) { onControl(event); }
});

// ---- the mouse, touch and fields

grid.body.addEventListener("input", (event) => {
  if (!event.target.matches("input[role=combobox]")) { return; }
  const row = rowOf(event.target);
  row.error = "";
  event.target.dataset.typed = "1";
  choices.search(event.target, row);
});
grid.body.addEventListener("focusin", (event) => {
  const row = rowOf(event.target);
  if (row) { grid.at = grid.shown.indexOf(row); }
});
grid.body.addEventListener("focusout", (event) => {
  if (!event.target.matches("input[role=combobox]")) { return; }
  event.target.value = event.target.defaultValue; delete event.target.dataset.typed;
  if (choices.input === event.target) { choices.close(); }
});
grid.body.addEventListener("click", (event) => {
  const row = rowOf(event.target);
  if (!row || !isEditable) { return; }
  if (event.target.matches("[data-tick]")) { grid.toggle(row, event.target.checked); count(); }
  else if (event.target.matches("input[role=combobox]") && choices.input !== event.target) { event.target.select(); choices.search(event.target, row); }
  else if (event.target.closest("[data-accept]")) { accept(row, { goOn: false }); }
  else if (event.target.closest("[data-refuse]")) { refuse(row); }
  else if (event.target.closest("[data-take-back]")) { takeBack(row); }
  else if (event.target.closest("[data-clear]")) { remove(row); }
});

function rowOf(element) { return grid.byId.get(element.closest("[data-word]")?.dataset.word); }

const on = (name, kind, act) => part(name)?.addEventListener(kind, act);
on("filters", "click", (event) => { const button = event.target.closest("button"); if (button) { chosen.show = button.dataset.show; filter(); } });
on("subjects", "click", (event) => {
  const tab = event.target.closest("a");
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
  event.preventDefault(); chosen.subject = tab.dataset.subject; filter();
});
on("side", "change", (event) => { chosen.side = event.target.value; filter(); });
on("find", "input", (event) => { chosen.text = event.target.value.trim().toLowerCase(); filter(); });
on("find", "keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Enter") { event.preventDefault(); grid.go(0); }
  else if (event.key === "Escape" && !event.target.value) { grid.go(grid.at); }
});
on("show-all", "click", () => { Object.assign(chosen, { subject: "", side: "", show: "all", text: "" }); part("find").value = part("side").value = ""; filter(); });
on("accept-exact", "click", acceptExact);
on("undo", "click", () => travel(saving.undo()));
on("help", "click", () => part("keys").showModal());
on("remove", "click", () => { const [first] = grid.selected; remove(grid.byId.get(first)); });
on("deselect", "click", deselect);
on("tick-all", "change", (event) => { grid.select(event.target.checked ? grid.shown : []); count(); });

// ---- opened at a subject, a filter or one word: ?subject=&side=&value=&show=&q=

const asks = new URLSearchParams(window.location.search);
const wanted = asks.get("value") && rows.find((row) => row.value === asks.get("value") && (!asks.get("side") || row.side === asks.get("side")) && (!asks.get("subject") || row.subject === asks.get("subject")));
if (labels[asks.get("subject")]) { chosen.subject = asks.get("subject"); }
if (!wanted) {
  chosen.side = part("side").value = ["sales", "purchases", "books"].includes(asks.get("side")) ? asks.get("side") : "";
  chosen.text = (asks.get("q") || "").toLowerCase(); part("find").value = asks.get("q") || "";
}
if (FILTERS[asks.get("show")]) { chosen.show = asks.get("show"); }
filter();
if (wanted) { grid.go(grid.indexOf(wanted.id)); grid.elements.get(wanted.id)?.classList.add("saved"); }
else if (isEditable && window.matchMedia("(min-width: 900px)").matches) { grid.go(0); }
