"use strict";
// What the page of the replay does beyond its links and forms: it fetches the same pages and takes over
// what changed, plays, listens to keys, and follows the run. Nothing of it is needed to find a moment.
(() => {
  const PAUSE = 1500, TEMPO = 350;
  const $ = (id) => document.getElementById(id);
  if (!$("player")) return;
  const data = document.body.dataset;
  const parts = ["track", "controls", "entries", "steps", "finding"];
  let playing = 0, asked = 0, address = location.pathname + location.search;

  const trouble = (text) => { $("trouble").textContent = text; $("trouble").hidden = !text; };

  const ready = () => {
    $("seek").hidden = $("play").hidden = $("keys").hidden = false;
    $("play").textContent = playing ? data.pause : data.play;
    if (data.live === "1") $("place").textContent += ` · ${data.liveWords}`;
  };

  // A form in which somebody types stays as it is; only what it carries along unseen is renewed.
  const replacePart = (id, made) => {
    const old = $(id), typing = id === "finding" && old.contains(document.activeElement);
    if (!typing) return old.replaceWith(made);
    const hidden = "input[type=hidden]", news = [...made.querySelectorAll("form")];
    [...old.querySelectorAll("form")].forEach((form, n) => {
      form.querySelectorAll(hidden).forEach((one) => one.remove());
      form.prepend(...news[n].querySelectorAll(hidden));
    });
  };

  const show = (made) => {
    const focus = document.activeElement && document.activeElement.id;
    const open = new Set([...document.querySelectorAll("#steps details[open]")].map((d) => d.dataset.step));
    for (const id of parts) replacePart(id, made.getElementById(id));
    for (const row of document.querySelectorAll("#steps details"))
      row.open = open.has(row.dataset.step);
    const seek = $("seek"), now = made.getElementById("seek");
    seek.min = now.min; seek.max = now.max; seek.value = now.value;
    seek.setAttribute("aria-valuetext", now.getAttribute("aria-valuetext"));
    $("sentence").textContent = made.getElementById("sentence").textContent;
    trouble(made.getElementById("trouble").textContent);
    document.title = made.title;
    $("title").textContent = made.getElementById("title").textContent;
    $("banner").replaceWith(made.getElementById("banner"));
    Object.assign(data, made.body.dataset);
    if (focus && $(focus) && document.activeElement !== $(focus)) $(focus).focus({preventScroll: true});
    ready();
  };

  const careful = (work) => work().catch((error) => {
    stop();
    trouble(error instanceof TypeError ? data.gone : error.message);
  });

  const go = (path) => careful(async () => {
    const mine = ++asked;
    const answer = await fetch(path, {credentials: "same-origin"});
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    if (mine !== asked) return;
    show(new DOMParser().parseFromString(text, "text/html"));
    address = path;
    history.replaceState(null, "", path);
  });

  // The present address with another moment: filter and mark stay.
  const at = (entry) => {
    const next = new URL(address, location.href);
    next.searchParams.delete("here");
    if (entry < Number(data.count)) next.searchParams.set("at", entry);
    else next.searchParams.delete("at");  // the last one is followed
    return next.pathname + next.search;
  };
  const press = (id) => {
    const link = $(id), href = link && link.getAttribute("href");
    if (!href) return false;
    if (link.hasAttribute("data-go")) go(href); else location.assign(href);
    return true;
  };

  const stop = () => { clearInterval(playing); playing = 0; $("play").textContent = data.play; };
  const play = () => {
    if (playing) return stop();
    if (!$("on").hasAttribute("href")) press("first");
    playing = setInterval(() => press("on") || stop(), TEMPO);
    $("play").textContent = data.pause;
  };
  const step = (id) => { stop(); press(id); };
  const difference = () => { stop(); press("compare") || press("mark") || press("unmark"); };

  const follow = async () => {
    await careful(async () => {
      const answer = await fetch(`/entries?after=${data.count}`, {credentials: "same-origin"});
      if (!answer.ok) throw new Error(await answer.text());
      const page = await answer.json();
      if (page.broken) trouble(page.broken);
      if (page.count > Number(data.count) && !playing) await go(address);
    });
    setTimeout(follow, PAUSE);
  };

  const KEYS = {
    ArrowLeft: () => step("back"), ArrowRight: () => step("on"),
    ArrowUp: () => step("ten-back"), ArrowDown: () => step("ten-on"),
    Home: () => step("first"),
    End: () => step("last"),
    n: () => step("next"), p: () => step("earlier"), d: difference, " ": play,
    t: () => $("goto").focus(), f: () => $("filter").elements.by.focus(),
  };
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (event.key === "Escape" && target.closest("form")) return target.blur();
    if (event.ctrlKey || event.altKey || event.metaKey || !KEYS[event.key]) return;
    if (target.tagName === "INPUT" && target.id !== "seek") return;
    if (event.key === " " && ["BUTTON", "SUMMARY", "A"].includes(target.tagName)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-go]") : null;
    if (event.target instanceof Element && event.target.closest("#play")) return play();
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    event.stopPropagation();
    stop();
    if (link.getAttribute("href")) go(link.getAttribute("href"));
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.hasAttribute("data-go")) return;
    event.preventDefault();
    stop();
    document.activeElement.blur();
    go("/?" + new URLSearchParams(new FormData(event.target)));
  });
  $("seek").addEventListener("input", (event) => { stop(); go(at(Number(event.target.value))); });
  $("player").addEventListener("click", (event) => {
    if (!event.target.closest("#track") || event.target.closest("a")) return;
    const box = $("line").getBoundingClientRect();
    const share = (event.clientX - box.left) / Math.max(1, box.width);
    const entry = Math.round(1 + (share * 100 - 0.6) / 98.8 * (data.count - 1));
    stop();
    go(at(Math.max(1, entry)));
  });

  ready();
  data.ready = "1";
  setTimeout(follow, PAUSE);
})();
