// Rows that exist only while they can be seen: thousands of words cost as much as the forty on the screen.
const BEYOND = 8; // rows kept above and below the window, so that scrolling shows no gap
const LABELS = { mapped: "Mapped", changed: "Changed", unfit: "Unhealthy", unmapped: "Not mapped", partly: "In part", default: "By default" };
const SIDES = { sales: "Sales", purchases: "Purchases", books: "Adjustments" };
const many = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

// What needs a person: nothing holds, what holds cannot be used, or documents wait although some rule names the word.
export const isOpen = (row) => row.state === "unmapped" || row.state === "unfit" || (row.state === "partly" && row.waits > 0);

export class Grid {
  // `rows`: the words as the server sent them; `labels`: subject → its name on the screen.
  constructor(board, rows, labels) {
    this.board = board;
    this.labels = labels;
    this.scroller = board.querySelector("[data-scroll]");
    this.body = board.querySelector("[data-rows]");
    this.table = this.body.closest("table");
    this.template = board.querySelector("[data-row-template]").content.querySelector("tr");
    this.byId = new Map(rows.map((row) => [row.id, row]));
    this.shown = rows;
    this.at = 0; // index of the active row in `shown`
    this.elements = new Map(); // id → <tr>, of the rows in the window only
    this.above = this.spacer();
    this.below = this.spacer();
    this.body.append(this.above, this.below);
    this.selected = new Set();
    this.onWindow = () => {};
    this.scroller.addEventListener("scroll", () => this.later(), { passive: true });
    window.addEventListener("resize", () => { this.height = 0; this.later(); });
  }

  spacer() {
    const row = document.createElement("tr");
    row.setAttribute("aria-hidden", "true");
    row.className = "spacer";
    row.append(document.createElement("td"));
    return row;
  }

  later() {
    if (!this.frame) { this.frame = window.requestAnimationFrame(() => { this.frame = 0; this.draw(); }); }
  }

  // Shows these rows and no others, the active one kept where it is still among them.
  show(rows) {
    const active = this.shown[this.at];
    this.shown = rows;
    this.at = Math.max(0, active ? rows.indexOf(active) : 0);
    this.table.setAttribute("aria-rowcount", String(rows.length + 1));
    this.scroller.hidden = rows.length === 0;
    this.board.querySelector("[data-none]").hidden = rows.length > 0;
    this.scroller.scrollTop = 0;
    this.draw();
    if (this.at) { this.reveal(this.at); }
  }

  rowHeight() {
    if (!this.height && this.shown.length) {
      const probe = this.elements.get(this.shown[0].id) || this.make(this.shown[0]);
      if (!probe.isConnected) { this.body.insertBefore(probe, this.below); }
      this.height = probe.getBoundingClientRect().height || 64;
      if (!this.elements.has(this.shown[0].id)) { probe.remove(); }
    }
    return this.height || 64;
  }

  draw() {
    const height = this.rowHeight();
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / height) - BEYOND);
    const last = Math.min(this.shown.length, Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / height) + BEYOND);
    const wanted = this.shown.slice(first, last);
    const keep = new Set(wanted.map((row) => row.id));
    const focused = document.activeElement?.closest?.("[data-word]");
    if (focused && !keep.has(focused.dataset.word)) { this.scroller.focus({ preventScroll: true }); }
    for (const [id, element] of this.elements) { if (!keep.has(id)) { element.remove(); this.elements.delete(id); } }
    let after = this.above;
    wanted.forEach((row, number) => {
      let element = this.elements.get(row.id);
      if (!element) { element = this.make(row); this.elements.set(row.id, element); }
      if (after.nextElementSibling !== element) { after.after(element); }
      element.setAttribute("aria-rowindex", String(first + number + 2));
      after = element;
    });
    this.above.firstChild.style.height = `${first * height}px`;
    this.below.firstChild.style.height = `${(this.shown.length - last) * height}px`;
    this.onWindow(wanted);
  }

  make(row) {
    const element = this.template.cloneNode(true);
    element.dataset.word = row.id;
    element.id = `w-${row.id}`;
    this.paint(row, element);
    return element;
  }

  // Writes a row's present state into its element, if it has one.
  paint(row, element = this.elements.get(row.id)) {
    if (!element) { return; }
    const part = (name) => element.querySelector(`[data-${name}]`);
    element.className = `word ${row.state}`;
    element.classList.toggle("is-selected", this.selected.has(row.id));
    element.setAttribute("aria-selected", String(this.selected.has(row.id)));
    const tick = part("tick");
    if (tick) { tick.checked = this.selected.has(row.id); tick.setAttribute("aria-label", `Select ${row.value}`); }
    part("value").textContent = part("value").title = row.value;
    part("use").textContent = `${this.labels[row.subject]} · ${SIDES[row.side]}`;
    this.paintDocuments(row, part("documents"), part("waits"));
    this.paintMeaning(row, element);
    this.paintSuggestion(row, part);
    part("state").textContent = LABELS[row.state];
  }

  // How often and since when the source has used the word, and what waits for it; both lead to the documents.
  paintDocuments(row, used, waits) {
    used.href = this.board.dataset.uses + row.id;
    used.textContent = `${row.documents} since ${row.since}`;
    used.title = `${many(row.documents, "document")}. ${row.seen}`;
    waits.hidden = !row.waits;
    waits.href = this.board.dataset.waiting + row.id;
    waits.querySelector("strong").textContent = `${row.waits} wait${row.waits === 1 ? "s" : ""}`;
    waits.querySelector("span").textContent = row.money;
  }

  paintMeaning(row, element) {
    const input = element.querySelector("input[role=combobox]");
    if (input) {
      input.setAttribute("aria-label", `What ${row.value} means in the ledger`);
      input.placeholder = row.state === "default" ? row.default : row.suggestion ? "Enter: suggestion" : "Code or name";
      input.defaultValue = row.means;
      if (!input.dataset.typed) { input.value = row.means; }
      element.querySelector("[data-clear]").hidden = !row.target;
    } else {
      element.querySelector("[data-means]").textContent = row.means || row.default || "Not mapped";
    }
    const note = element.querySelector("[data-note]");
    const was = row.active && row.active !== row.target ? `Was ${row.was}` : "";
    const rules = !row.rules ? "" : row.state === "partly" ? `Only under conditions: ${many(row.rules, "rule")}.` : `${many(row.rules, "more rule")} for this word. `;
    note.textContent = row.error || rules + (row.unfit ? `Cannot be used: ${row.unfit}.` : was || (row.target ? row.reason : row.state === "default" ? "By the default rule" : ""));
    note.title = note.textContent;
    note.classList.toggle("note-bad", Boolean(row.error || row.unfit));
  }

  paintSuggestion(row, part) {
    const chip = part("chip"), why = part("why"), back = part("take-back");
    const found = row.state === "mapped" || row.state === "changed" ? null : row.suggestion;
    chip.hidden = !found;
    chip.classList.toggle("chip-exact", Boolean(found && found.exact));
    if (found) {
      chip.querySelector(".chip-name").textContent = found.name;
      chip.querySelector("strong").textContent = `${found.percent} %`;
      chip.title = `${found.name}: ${found.reason}`;
    }
    const refused = row.state === "mapped" || row.state === "changed" ? [] : row.refused;
    why.textContent = why.title = found ? found.reason : row.none && row.state !== "default" && !["mapped", "changed"].includes(row.state) ? (refused.length ? "Nothing else is similar" : "Nothing similar found") : "";
    if (!back) { return; }
    part("refuse").hidden = !found;
    back.hidden = !refused.length;
    back.textContent = `${refused.length} refused · undo`;
    back.title = `Not ${refused.map((each) => each.name).join(", not ")}. Take back (Alt Delete)`;
    back.setAttribute("aria-label", back.title);
  }

  active() { return this.shown[this.at]; }

  // Makes the row at an index active: scrolled to, its input focused.
  go(index, { focus = true } = {}) {
    if (!this.shown.length) { return; }
    this.at = Math.max(0, Math.min(index, this.shown.length - 1));
    this.reveal(this.at);
    const input = this.elements.get(this.active().id)?.querySelector("input[role=combobox]");
    if (input && focus) { input.focus({ preventScroll: true }); input.select(); }
  }

  reveal(index) {
    const height = this.rowHeight();
    const head = this.table.tHead.getBoundingClientRect().height;
    const top = index * height;
    const room = this.scroller.clientHeight - head;
    if (top < this.scroller.scrollTop) { this.scroller.scrollTop = top; }
    else if (top + height > this.scroller.scrollTop + room) { this.scroller.scrollTop = top + height - room; }
    this.draw();
  }

  // The next row below that still needs a person, else the row right below.
  nextOpen() {
    const open = this.shown.findIndex((row, index) => index > this.at && isOpen(row));
    return open < 0 ? this.at + 1 : open;
  }

  pageOf() { return Math.max(1, Math.floor(this.scroller.clientHeight / this.rowHeight()) - 1); }

  indexOf(id) { return this.shown.indexOf(this.byId.get(id)); }

  toggle(row, on = !this.selected.has(row.id)) {
    if (on) { this.selected.add(row.id); } else { this.selected.delete(row.id); }
    this.paint(row);
  }

  select(rows) {
    const before = [...this.selected].map((id) => this.byId.get(id));
    this.selected = new Set(rows.map((row) => row.id));
    for (const row of [...before, ...rows]) { this.paint(row); }
  }
}
