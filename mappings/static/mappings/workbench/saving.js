// What a person chose is shown at once and sent in batches behind; every step can be taken back and done again.
const MOST = 2000; // words in one request

const meaning = (row) => ({ target: row.target, means: row.means, reason: row.reason, unfit: row.unfit, suggested: false });

const put = (row, wanted) => {
  row.target = wanted.target; row.means = wanted.means; row.reason = wanted.reason || ""; row.unfit = wanted.unfit || ""; row.error = "";
  row.state = !row.target ? (row.default ? "default" : row.rules ? "partly" : "unmapped") : row.unfit ? "unfit" : row.target === row.active ? "mapped" : "changed";
};

export class Saving {
  // `painted(rows)` after rows have changed; `settled()` when everything has been stored; `say(text)` tells the person.
  constructor(board, byId, { painted, settled, say }) {
    Object.assign(this, { board, byId, painted, settled, say });
    this.token = board.querySelector("[name=csrfmiddlewaretoken]").value;
    this.waiting = new Map(); // id → what is to be stored, and what holds in the draft now
    this.past = [];
    this.future = [];
    this.running = null;
    this.telling = 0;
    window.addEventListener("beforeunload", (event) => { if (this.isBusy()) { event.preventDefault(); } });
  }

  isBusy() { return this.waiting.size > 0 || this.running !== null || this.telling > 0; }

  // One step: [{row, target, means, suggested}]; rows that have that meaning already are left out.
  set(changes) {
    const real = changes.filter(({ row, target }) => row.target !== target || row.unfit);
    if (!real.length) { return; }
    const step = real.map(({ row, ...after }) => ({ id: row.id, before: meaning(row), after }));
    this.did({ id: step[0].id, run: (side) => this.apply(step, side) });
  }

  // One step: these suggestions are refused, or (`no` false) refusals are taken back: [{row, record: {id, name}}].
  refuse(pairs, no = true) {
    if (!pairs.length) { return; }
    const step = { id: pairs[0].row.id, run: (side) => this.tell(pairs, no === (side === "after")).then((told) => { if (!told) { this.past = this.past.filter((each) => each !== step); } }) };
    this.did(step);
  }

  did(step) { this.past.push(step); this.future = []; step.run("after"); }

  undo() { return this.travel(this.past, this.future, "before", "Taken back."); }

  redo() { return this.travel(this.future, this.past, "after", "Done again."); }

  travel(from, to, side, said) {
    const step = from.pop();
    if (!step) { return null; }
    to.push(step);
    step.run(side);
    this.say(said);
    return step;
  }

  apply(step, side) {
    const rows = step.map((each) => {
      const row = this.byId.get(each.id);
      const held = this.waiting.get(row.id)?.held || meaning(row);
      put(row, each[side]);
      this.waiting.set(row.id, { external_id: row.target, suggested: Boolean(each[side].suggested), held });
      return row;
    });
    this.painted(rows);
    this.run();
  }

  // Stores what waits, batch after batch; resolves when nothing is left.
  run() {
    if (!this.running) {
      this.running = this.drain().finally(() => { this.running = null; if (this.waiting.size) { this.run(); } else { this.settled(); } });
    }
    return this.running;
  }

  async idle() { while (this.isBusy()) { await this.run(); await this.told; } }

  // Says no to suggestions, or yes again, one after the other; the answer brings what is likeliest now.
  tell(pairs, no) {
    const before = pairs.map(({ row }) => ({ suggestion: row.suggestion, none: row.none }));
    for (const { row } of pairs) { row.suggestion = null; row.none = true; }
    this.painted(pairs.map(({ row }) => row));
    this.telling += 1;
    this.say("Saving …");
    this.told = Promise.resolve(this.told).then(async () => {
      const named = pairs.map(({ row, record }) => ({ word: row.id, external_id: record.id }));
      const answer = await this.post(this.board.dataset.sayNo, { [no ? "refuse" : "take_back"]: named });
      const rows = answer.rows?.filter((row) => this.byId.has(row.id)) || [];
      for (const { id, suggestion, refused } of rows) { Object.assign(this.byId.get(id), { suggestion, refused, none: !suggestion }); }
      if (answer.error) { pairs.forEach(({ row }, index) => Object.assign(row, before[index])); }
      this.say(answer.error || (no ? `Not suggested again: ${pairs[0].record.name}.` : `May be suggested again: ${pairs[0].record.name}.`));
      this.painted(pairs.map(({ row }) => row));
      this.telling -= 1;
      return !answer.error;
    });
    return this.told;
  }

  async drain() {
    while (this.waiting.size) {
      const batch = [...this.waiting].slice(0, MOST);
      for (const [id] of batch) { this.waiting.delete(id); }
      this.say("Saving …");
      await this.send(batch);
    }
  }

  async send(batch) {
    const changes = batch.map(([word, wish]) => ({ word, external_id: wish.external_id, suggested: wish.suggested }));
    const answer = await this.post(this.board.dataset.save, { changes });
    if (answer.rows) { this.merge(answer.rows); this.say("Saved in the draft."); return; }
    // All or none: those that are not at fault are stored on their own.
    if (batch.length > 1 && batch.length <= 20 && answer.refused) { for (const each of batch) { await this.send([each]); } return; }
    for (const [id, wish] of batch) {
      const row = this.byId.get(id);
      if (!this.waiting.has(id)) { put(row, wish.held); row.error = answer.error; }
      this.painted([row]);
    }
    this.say(batch.length > 1 ? `${batch.length} values were not saved: ${answer.error}` : answer.error);
  }

  // → {rows} or {error, refused}
  async post(url, body) {
    try {
      const answer = await fetch(url, {
        method: "POST", credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
        body: JSON.stringify(body),
      });
      if (answer.status >= 500 || answer.redirected) { throw new Error(String(answer.status)); }
      const found = await answer.json();
      return answer.ok ? found : { error: found.error || "This could not be saved.", refused: true };
    } catch {
      return { error: "This could not be saved: the portal did not answer. Try again.", refused: false };
    }
  }

  // Rows as the server has them; what has been changed since stays as the person sees it.
  merge(rows) {
    const known = rows.filter((row) => this.byId.has(row.id) && !this.waiting.has(row.id));
    this.painted(known.map((row) => {
      const mine = this.byId.get(row.id);
      const suggestion = row.suggestion || mine.suggestion;
      return Object.assign(mine, row, { suggestion, error: "" });
    }));
  }

  // Every certain suggestion of these rows, as one step that can be taken back.
  acceptExact(rows) {
    const exact = rows.filter((row) => row.state === "unmapped" && row.suggestion?.exact);
    this.set(exact.map((row) => ({ row, target: row.suggestion.id, means: row.suggestion.name, reason: row.suggestion.reason, suggested: true })));
    return exact.length;
  }
}
