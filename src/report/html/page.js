"use strict";
(() => {
  const exported = JSON.parse(document.getElementById("exported").textContent);
  const tools = document.getElementById("tools");
  if (!tools) return;
  const items = [...document.querySelectorAll(".item")];
  const changes = items.filter((item) => "needs" in item.dataset);
  const byId = new Map(changes.map((item) => [item.dataset.id, item]));
  const needs = new Map(changes.map((item) => [item, item.dataset.needs.split(" ").map((id) => byId.get(id)).filter(Boolean)]));
  const needed = new Map();
  for (const [item, others] of needs) for (const other of others) needed.set(other, [...(needed.get(other) || []), item]);
  const words = new Map(items.map((item) => [item, (item.dataset.path + " " + item.querySelector(".head").textContent).toLowerCase()]));
  const undone = [];
  let current = null;
  let shown = items;

  const accepted = (item) => item.dataset.answer === "accepted";
  const count = (number, noun) => number + " " + noun + (number === 1 ? "" : "s");

  // A change takes along what it can't do without, and what can't do without it.
  function closure(start, along) {
    const all = new Set(start);
    for (const item of all) for (const other of along.get(item) || []) all.add(other);
    return [...all];
  }

  function mark(item, answer) {
    item.dataset.answer = answer;
    item.querySelector('[data-do="accept"]').setAttribute("aria-pressed", answer === "accepted");
    item.querySelector('[data-do="reject"]').setAttribute("aria-pressed", answer === "rejected");
  }

  function answer(chosen, to) {
    const all = closure(chosen.filter((item) => byId.has(item.dataset.id)), to === "accepted" ? needs : needed);
    const before = all.filter((item) => item.dataset.answer !== to).map((item) => [item, item.dataset.answer]);
    if (before.length === 0) return;
    undone.push(before);
    for (const [item] of before) mark(item, to);
    const others = before.filter(([item]) => !chosen.includes(item)).length;
    say(count(before.length, "change") + " " + to + (others ? ", " + others + " of them because they go together" : ""));
  }

  function undo() {
    const last = undone.pop();
    if (!last) return say("nothing to undo");
    for (const [item, was] of last) mark(item, was);
    say(count(last.length, "answer") + " undone");
  }

  function say(what) {
    const totals = [count(shown.length, "finding") + " shown of " + items.length];
    if (changes.length) totals.push(changes.filter(accepted).length + " of " + count(changes.length, "change") + " accepted");
    document.getElementById("status").textContent = totals.join(", ") + (what ? ": " + what : "");
  }

  function filter() {
    const wanted = new FormData(tools);
    const text = (wanted.get("text") || "").trim().toLowerCase();
    const fits = (item) =>
      ["codemod", "package", "state", "safety", "answer"].every((name) => !wanted.get(name) || item.dataset[name] === wanted.get(name)) &&
      (!text || words.get(item).includes(text));
    shown = items.filter(fits);
    for (const item of items) item.hidden = !fits(item);
    document.getElementById("none").hidden = shown.length > 0;
    if (current && current.hidden) choose(null);
    say();
  }

  function choose(item) {
    if (current) current.classList.remove("current");
    current = item;
    if (!item) return;
    item.classList.add("current");
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "start" });
  }

  function step(by) {
    const at = shown.indexOf(current);
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by];
    if (next) choose(next);
  }

  function selection() {
    const ids = (wanted) => changes.filter((item) => accepted(item) === wanted).map((item) => item.dataset.id).sort();
    return JSON.stringify({ ...exported, accepted: ids(true), rejected: ids(false) }, null, 2) + "\n";
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([selection()], { type: "application/json" }));
    link.download = "unpark-selection.json";
    link.click();
    URL.revokeObjectURL(link.href);
    say("exported; now run the command below");
  }

  const of = (name) => (item) => item.dataset[name] === current.dataset[name];
  const actions = {
    accept: (item) => answer([item], "accepted"),
    reject: (item) => answer([item], "rejected"),
    "accept-shown": () => answer(shown, "accepted"),
    "reject-shown": () => answer(shown, "rejected"),
    undo,
    export: save,
  };
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    a: () => current && answer([current], "accepted"),
    r: () => current && answer([current], "rejected"),
    A: () => current && answer(changes.filter(of("codemod")), "accepted"),
    R: () => current && answer(changes.filter(of("codemod")), "rejected"),
    f: () => {
      if (!current) return;
      const text = tools.elements.text;
      text.value = text.value === current.dataset.path ? "" : current.dataset.path;
      filter();
    },
    u: undo,
    e: () => changes.length && save(),
    "/": () => tools.elements.text.focus(),
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    const item = event.target.closest(".item");
    if (item && item !== current) {
      if (current) current.classList.remove("current");
      current = item;
      item.classList.add("current");
    }
    if (button) actions[button.dataset.do](item);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !tools.elements.keys.checked) return;
    if (event.target.matches("select, input:not([type=checkbox])")) {
      if (event.key !== "Escape") return;
      // A browser may empty a search without a word.
      event.preventDefault();
      tools.elements.text.value = "";
      filter();
      event.target.blur();
      return;
    }
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  tools.addEventListener("input", filter);
  tools.addEventListener("submit", (event) => event.preventDefault());
  for (const item of changes) mark(item, item.dataset.state === "fixed" ? "accepted" : "rejected");
  filter();
})();
