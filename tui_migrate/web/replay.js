"use strict";
// Replay of a run. Texts from data are only ever set as text, never as markup.
(() => {
  const AROUND = 14, PAUSE = 1500, TEMPO = 350;
  const GLYPHS = {
    done: "✓", running: "▶", paused: "‖", waiting: "‖", attention: "!", failed: "✗", todo: "○",
    stale: "↺", skipped: "–",
  };
  const KINDS = {"✗": "failure", "‖": "gate", "◆": "seal", "·": "decision"};
  const SVG = "http://www.w3.org/2000/svg";
  const $ = (id) => document.getElementById(id);
  let words = {}, phases = [], entries = [], at = 0, live = true, playing = 0, asked = 0;
  const open = new Set();

  const get = async (path) => {
    const answer = await fetch(path, {credentials: "same-origin"});
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  const element = (tag, text, cls) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (cls) made.className = cls;
    return made;
  };
  const filled = (text, values) =>
    text.replace(/\{(\w+)\}/g, (_all, name) => String(values[name]));
  const trouble = (text) => { $("trouble").textContent = text; $("trouble").hidden = !text; };

  const drawLine = () => {
    const line = $("line"), width = line.clientWidth || 1, y = 20;
    const x = (n) => entries.length > 1 ? 6 + (width - 12) * (n - 1) / (entries.length - 1) : 6;
    const rail = (cls, from, to) => {
      const made = document.createElementNS(SVG, "line");
      made.setAttribute("class", cls);
      for (const [name, value] of Object.entries({x1: from, x2: to, y1: y + 8, y2: y + 8}))
        made.setAttribute(name, value);
      return made;
    };
    const shapes = [rail("rail", 6, width - 6), rail("past", 6, x(at))];
    const taken = new Map();  // one sign a place: the weightiest
    const rank = {"✗": 4, "‖": 3, "◆": 2, "·": 1};
    for (const entry of entries) {
      if (!rank[entry.mark]) continue;
      const cell = Math.round(x(entry.seq) / 9);
      const known = taken.get(cell);
      if (!known || rank[known.mark] < rank[entry.mark]) taken.set(cell, entry);
    }
    for (const entry of taken.values()) {
      const sign = document.createElementNS(SVG, "text");
      sign.setAttribute("class", KINDS[entry.mark]);
      sign.setAttribute("x", x(entry.seq));
      sign.setAttribute("y", y);
      sign.textContent = entry.mark;
      shapes.push(sign);
    }
    const now = rail("now", x(at), x(at));
    now.setAttribute("y1", 2); now.setAttribute("y2", y + 14);
    shapes.push(now);
    line.replaceChildren(...shapes);
  };

  const drawEntries = () => {
    const from = Math.max(0, at - AROUND - 1), to = Math.min(entries.length, at + AROUND);
    $("list").replaceChildren(...entries.slice(from, to).map((entry) => {
      const row = element("li");
      row.dataset.seq = entry.seq;
      if (entry.seq === at) row.setAttribute("aria-current", "true");
      const sign = entry.mark === "─" ? "" : entry.mark;
      const tone = {"✗": "bad", "‖": "warn"}[entry.mark] || "quiet";
      row.append(element("span", entry.seq, "seq"), element("span", entry.time, "at"),
        element("span", sign, tone), element("span", entry.text));
      row.addEventListener("click", () => seek(entry.seq));
      return row;
    }).reverse());
  };

  const pairs = (title, rows) => {
    if (!rows.length) return [];
    const list = element("dl");
    for (const [name, value] of rows) {
      const row = element("div");
      row.append(element("dt", name), element("dd", value));
      list.append(row);
    }
    return [element("h2", title), list];
  };

  const drawSteps = (state) => {
    const current = (entries[at - 1] || {}).step, parts = [];
    for (const phase of phases) {
      parts.push(element("h2", phase.title || phase.id));
      for (const step of state.steps.filter((s) => s.phase === phase.id)) {
        const row = element("details"), head = element("summary");
        row.dataset.step = step.id;
        row.open = open.has(step.id);
        if (step.id === current) row.className = "now";
        head.append(element("span", GLYPHS[step.status] || "○", `glyph ${step.tone}`),
          element("span", step.title), element("span", step.word, `word ${step.tone}`));
        row.append(head);
        row.addEventListener("toggle", () => row.open ? open.add(step.id) : open.delete(step.id));
        if (step.attempt > 1) row.append(element("p", filled(words.attempt, {n: step.attempt}), "quiet"));
        if (step.status === "running" && step.total)
          row.append(element("p", filled(words.units, step), "quiet"));
        row.append(...pairs(words.figures, step.figures), ...pairs(words.checks, step.checks),
          ...pairs(words.signs, step.signs.map((s) => ["", s])));
        parts.push(row);
      }
    }
    $("steps").replaceChildren(...parts);
  };

  const draw = async () => {
    const seek = $("seek"), entry = entries[at - 1];
    seek.max = entries.length; seek.min = Math.min(1, entries.length); seek.value = at;
    const place = filled(words.entry, {n: at, count: entries.length});
    const when = entry ? `${entry.day} ${entry.time}` : "";
    seek.setAttribute("aria-valuetext", `${place}, ${when}`);
    $("place").textContent = [when, place, live ? words.live : ""].filter(Boolean).join("   ");
    $("sentence").textContent = entry ? entry.text : words.nothing;
    drawLine(); drawEntries();
    const mine = ++asked, state = await get(`/api/state?at=${at}`);
    if (mine === asked) { drawSteps(state); document.body.dataset.at = state.at; }
  };
  const careful = (work) => work().catch((error) => {
    stop();
    trouble(error instanceof TypeError ? words.gone : error.message);
  });

  const seek = (n) => {
    at = Math.min(Math.max(n, Math.min(1, entries.length)), entries.length);
    live = at === entries.length;
    return careful(draw);
  };
  const mark = (by) => {
    for (let n = at + by; n >= 1 && n <= entries.length; n += by)
      if (entries[n - 1].mark !== "─") return seek(n);
    return seek(by > 0 ? entries.length : 1);
  };
  const stop = () => { clearInterval(playing); playing = 0; $("play").textContent = words.play; };
  const play = () => {
    if (playing) return stop();
    if (at >= entries.length) seek(1);
    playing = setInterval(() => at >= entries.length ? stop() : seek(at + 1), TEMPO);
    $("play").textContent = words.pause;
  };

  const follow = async () => {
    let page;
    const before = entries.length;
    do {
      page = await get(`/api/entries?after=${entries.length}`);
      entries.push(...page.entries);
    } while (entries.length < page.count && page.entries.length);
    trouble(page.broken);
    if (entries.length === before && before) return;
    if (!phases.length) await outline();
    if (live) at = entries.length;
    await draw();
  };
  const outline = async () => {
    const run = await get("/api/run");
    ({words, phases} = run);
    document.title = `${run.title} · tui-migrate`;
    $("title").textContent = run.title || "tui-migrate";
    $("banner").hidden = !run.rehearsal;
    $("banner").textContent = words.rehearsal;
    $("here").textContent = words.replay;
    $("report").textContent = words.report;
    $("play").textContent = words.play;
    for (const id of ["first", "back", "on", "last"]) $(id).setAttribute("aria-label", words[id]);
    for (const id of ["marks", "keys", "look"]) $(id).textContent = words[id];
  };

  const KEYS = {
    ArrowLeft: () => seek(at - 1), ArrowRight: () => seek(at + 1),
    ArrowUp: () => seek(at - 10), ArrowDown: () => seek(at + 10),
    Home: () => seek(1), End: () => seek(entries.length),
    n: () => mark(1), p: () => mark(-1), " ": play,
  };
  document.addEventListener("keydown", (event) => {
    const inside = event.target instanceof HTMLElement ? event.target.tagName : "";
    if (event.ctrlKey || event.altKey || event.metaKey || !KEYS[event.key]) return;
    if (event.key === " " && ["BUTTON", "SUMMARY", "A"].includes(inside)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  $("seek").addEventListener("input", (event) => seek(Number(event.target.value)));
  $("track").addEventListener("click", (event) => {
    const box = $("line").getBoundingClientRect();
    const share = (event.clientX - box.left - 6) / Math.max(1, box.width - 12);
    seek(Math.round(1 + share * (entries.length - 1)));
  });
  $("first").addEventListener("click", () => seek(1));
  $("back").addEventListener("click", () => seek(at - 1));
  $("on").addEventListener("click", () => seek(at + 1));
  $("last").addEventListener("click", () => seek(entries.length));
  $("play").addEventListener("click", play);
  window.addEventListener("resize", drawLine);

  const turn = async () => { await careful(follow); setTimeout(turn, PAUSE); };
  careful(outline).then(turn);
})();
