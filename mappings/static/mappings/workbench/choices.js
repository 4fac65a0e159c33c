// The list under a value's field: records of the ledger as they are typed for, unfit ones shown with the reason.
const PAUSE = 90; // milliseconds without a key before the server is asked

export class Choices {
  // `take(row, choice)` is called with what a person chose; `row` is the word whose field is open.
  constructor(board, take, complain) {
    this.board = board;
    this.take = take;
    this.complain = complain;
    this.list = board.querySelector("#choices");
    this.found = [];
    this.at = -1;
    window.addEventListener("resize", () => this.close());
  }

  isOpen(input) { return this.input === input && !this.list.hidden; }

  close() {
    this.asking?.abort();
    window.clearTimeout(this.timer);
    if (this.input) { this.input.setAttribute("aria-expanded", "false"); this.input.removeAttribute("aria-activedescendant"); }
    this.input = this.row = null; this.found = []; this.at = -1; this.pending = null;
    this.list.hidden = true; this.list.replaceChildren();
  }

  search(input, row) {
    if (this.input !== input) { this.close(); this.input = input; this.row = row; }
    window.clearTimeout(this.timer);
    this.pending = new Promise((done) => { this.timer = window.setTimeout(() => this.ask().finally(done), input.dataset.typed ? PAUSE : 0); });
  }

  // Enter pressed before the answer: waits for it.
  async enter() {
    const input = this.input;
    await this.pending;
    if (this.input === input && this.found[this.at]) { this.choose(this.at); }
  }

  async ask() {
    const { input, row } = this;
    if (!input) { return; }
    this.asking?.abort();
    this.asking = new AbortController();
    const query = new URLSearchParams({ word: row.id, q: input.dataset.typed ? input.value : "" });
    try {
      const answer = await fetch(`${this.board.dataset.targets}?${query}`, { signal: this.asking.signal, credentials: "same-origin" });
      if (!answer.ok) { throw new Error(String(answer.status)); }
      const { choices } = await answer.json();
      if (this.input === input) { this.show(choices); }
    } catch (error) {
      if (error.name !== "AbortError") { this.complain(row, "The search did not answer. Check the connection and type again."); }
    }
  }

  show(found) {
    this.found = found;
    this.list.replaceChildren(...found.map((choice, index) => this.option(choice, index)));
    if (!found.length) { this.list.append(cell("none", "Nothing in this ledger matches. Sync if it was just added there.")); }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.place();
    // Only what was typed picks the first; a list opened by a click starts at what holds or is suggested.
    const wanted = this.input.dataset.typed ? "" : this.row.target || this.row.suggestion?.id || "none";
    this.mark(found.findIndex((choice) => !choice.why_not && (!wanted || choice.id === wanted)));
  }

  option(choice, index) {
    const element = document.createElement("div");
    element.className = "choice"; element.id = `choice-${index}`;
    element.setAttribute("role", "option");
    element.append(cell("code", choice.code), cell("name", choice.name), cell("kind", [choice.type, choice.currency].filter(Boolean).join(" · ")));
    if (choice.why_not) { element.setAttribute("aria-disabled", "true"); element.append(cell("why", `Not here: ${choice.why_not}`)); }
    element.addEventListener("mousedown", (event) => { event.preventDefault(); this.choose(index); });
    return element;
  }

  place() {
    const box = this.input.getBoundingClientRect();
    const width = Math.min(Math.max(box.width, 360), window.innerWidth - 16);
    this.list.style.width = `${width}px`;
    const frame = this.list.offsetParent ? this.list.offsetParent.getBoundingClientRect() : { left: 0, top: 0 };
    this.list.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8)) - frame.left}px`;
    const height = Math.min(this.list.scrollHeight, 320);
    const above = window.innerHeight - box.bottom < height + 8 && box.top > height;
    this.list.style.top = `${(above ? box.top - height - 4 : box.bottom + 4) - frame.top}px`;
  }

  mark(index) {
    this.at = index;
    [...this.list.children].forEach((element, number) => element.setAttribute("aria-selected", String(number === index)));
    const chosen = this.list.children[index];
    if (chosen && index >= 0) { this.input.setAttribute("aria-activedescendant", chosen.id); chosen.scrollIntoView({ block: "nearest" }); }
  }

  step(by) {
    if (!this.found.length) { return; }
    let index = this.at < 0 && by < 0 ? 0 : this.at;
    for (let left = this.found.length; left > 0; left -= 1) {
      index = (index + by + this.found.length) % this.found.length;
      if (!this.found[index].why_not) { break; }
    }
    this.mark(index);
  }

  choose(index) {
    const { row } = this;
    const choice = this.found[index];
    if (!choice || choice.why_not) { return; }
    this.close();
    this.take(row, choice);
  }
}

const cell = (kind, text) => {
  const element = document.createElement("span");
  element.className = kind; element.textContent = text;
  return element;
};
