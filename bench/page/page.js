// The scatter of two systems, its queries, and what the boxes of the table show.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
// The scatter's square, in units of its view box, and the queries listed at once.
const LEFT = 60, TOP = 16, SIDE = 380, FEW = 50;
const held = new Set(data.cases);

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const say = (value) => (value / 1000).toFixed(3);
const sign = (value) => (value < 0 ? "−" : "+") + say(Math.abs(value));
const count = (n) => `${n.toLocaleString("en")} ${n === 1 ? "query" : "queries"}`;

// --- table and curve ------------------------------------------------------------------------------

byId("rows-choice").hidden = false;
const table = document.querySelector("table.results");
for (const box of document.querySelectorAll("[data-rows]")) {
  const show = () => table.classList.toggle(`no-${box.dataset.rows}`, !box.checked);
  box.addEventListener("change", show);
  show();
}
for (const choice of document.querySelectorAll("[data-shows]")) {
  const show = () => {
    for (const part of document.querySelectorAll(`[data-part^=${choice.dataset.shows}-]`)) part.hidden = part.dataset.part !== `${choice.dataset.shows}-${choice.value}`;
  };
  choice.addEventListener("change", show);
  show();
}

// --- scatter --------------------------------------------------------------------------------------

const across = byId("across"), upright = byId("upright"), slice = byId("slice"), find = byId("find");
const scatter = byId("scatter"), tip = byId("tip"), picked = byId("picked");
let marks = [];

function fill(select, names, chosen) {
  select.append(...names.map((name, index) => new Option(name, index, index === chosen, index === chosen)));
}

function listChosen() {
  const { group, stratum } = data.slices[slice.value];
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  return data.queries.flatMap((text, query) =>
    (group === null || data.group[query] === group) && (stratum === null || data.stratum[query] === stratum) &&
    words.every((word) => text.toLowerCase().includes(word)) ? [query] : []);
}

function gather(queries, x, y) {
  const places = new Map();
  for (const query of queries) {
    const key = x[query] * 1001 + y[query];
    if (!places.has(key)) places.set(key, { x: x[query], y: y[query], queries: [] });
    places.get(key).queries.push(query);
  }
  return [...places.values()].sort((a, b) => b.y - b.x - (a.y - a.x) || b.y - a.y);
}

const shorten = (text) => (text.length > 56 ? `…${text.slice(-55)}` : text);
const at = (x, y) => [LEFT + (x / 1000) * SIDE, TOP + SIDE - (y / 1000) * SIDE];

function drawFrame() {
  const frame = draw("g", { class: "grid" });
  for (const value of [0, 250, 500, 750, 1000]) {
    const [x, y] = at(value, value);
    frame.append(
      draw("line", { x1: LEFT, x2: LEFT + SIDE, y1: y, y2: y }), draw("line", { x1: x, x2: x, y1: TOP, y2: TOP + SIDE }),
      draw("text", { x: LEFT - 18, y: y + 4, "text-anchor": "end" }, value / 1000),
      draw("text", { x, y: TOP + SIDE + 24, "text-anchor": "middle" }, value / 1000));
  }
  const [x0, y0] = at(0, 0), [x1, y1] = at(1000, 1000);
  frame.append(draw("line", { class: "diagonal", x1: x0, y1: y0, x2: x1, y2: y1 }));
  const middle = TOP + SIDE / 2, name = (select) => shorten(data.rankings[select.value]);
  frame.append(
    draw("text", { x: LEFT + SIDE / 2, y: TOP + SIDE + 44, "text-anchor": "middle" }, name(across)),
    draw("text", { transform: `translate(10 ${middle}) rotate(-90)`, "text-anchor": "middle" }, name(upright)));
  return frame;
}

function describe(mark) {
  const [first] = mark.queries, more = mark.queries.length - 1;
  const values = `${say(mark.x)} → ${say(mark.y)}`;
  const text = data.queries[first];
  return `${text.length > 160 ? `${text.slice(0, 159)}…` : text}${more ? `, and ${count(more)} more` : ""}: ${values}`;
}

function drawMark(mark, most) {
  const [cx, cy] = at(mark.x, mark.y);
  const way = mark.y > mark.x ? "gain" : mark.y < mark.x ? "loss" : "even";
  const r = Math.max(3.5, Math.min(14, 5 * Math.sqrt(most)) * Math.sqrt(mark.queries.length / most));
  const circle = draw("circle", { cx, cy, r: r.toFixed(1), class: way, role: "button", tabindex: "-1", "aria-label": describe(mark) });
  mark.circle = circle;
  circle.addEventListener("pointerenter", () => showTip(mark));
  circle.addEventListener("pointerleave", () => { tip.hidden = true; });
  circle.addEventListener("focus", () => showTip(mark));
  circle.addEventListener("blur", () => { tip.hidden = true; });
  circle.addEventListener("click", () => pick(mark));
  return circle;
}

function showTip(mark) {
  tip.textContent = describe(mark);
  tip.hidden = false;
  const box = mark.circle.getBoundingClientRect(), frame = tip.parentElement.getBoundingClientRect();
  const left = Math.min(box.left - frame.left, frame.width - tip.offsetWidth);
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${box.bottom - frame.top + 6}px`;
}

function refresh() {
  const chosen = listChosen(), x = data.values[across.value], y = data.values[upright.value];
  marks = gather(chosen, x, y);
  const most = Math.max(1, ...marks.map((mark) => mark.queries.length));
  // Large ones first, so that small ones lie above them.
  const circles = [...marks].sort((a, b) => b.queries.length - a.queries.length).map((mark) => drawMark(mark, most));
  scatter.replaceChildren(drawFrame(), draw("g", { class: "marks" }, ...circles));
  marks[0]?.circle.setAttribute("tabindex", "0");
  const up = data.rankings[upright.value], flat = data.rankings[across.value];
  const better = chosen.filter((query) => y[query] > x[query]).length;
  const worse = chosen.filter((query) => y[query] < x[query]).length;
  byId("balance").textContent = `Of ${count(chosen.length)}: ${up} is better on ${better}, ` +
    `${flat} on ${worse}, alike on ${chosen.length - better - worse}.`;
  tip.hidden = true;
  picked.replaceChildren();
  if (find.value.trim() && chosen.length) showList(chosen, `${count(chosen.length)} found`);
}

scatter.addEventListener("keydown", (event) => {
  const here = marks.findIndex((mark) => mark.circle === event.target);
  if (here < 0) return;
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -marks.length, End: marks.length };
  if (event.key in steps) {
    event.preventDefault();
    const next = marks[Math.max(0, Math.min(marks.length - 1, here + steps[event.key]))];
    event.target.setAttribute("tabindex", "-1");
    next.circle.setAttribute("tabindex", "0");
    next.circle.focus();
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    pick(marks[here]);
  } else if (event.key === "Escape") tip.hidden = true;
});

// --- the queries of a mark ------------------------------------------------------------------------

function pick(mark) {
  for (const other of marks) other.circle.classList.toggle("chosen", other === mark);
  if (mark.queries.length === 1) showQuery(mark.queries[0]);
  else showList(mark.queries, `${count(mark.queries.length)}: ${say(mark.x)} → ${say(mark.y)}`);
  picked.focus();
}

function showList(queries, title) {
  const items = queries.slice(0, FEW).map((query) => {
    const button = make("button", "", data.queries[query]);
    button.type = "button";
    const item = make("li", "", button);
    button.addEventListener("click", () => {
      const open = item.querySelector("article");
      open ? open.remove() : item.append(makeQuery(query));
      button.setAttribute("aria-expanded", String(!open));
    });
    button.setAttribute("aria-expanded", "false");
    return item;
  });
  if (queries.length > FEW) items.push(make("li", "soft", `and ${count(queries.length - FEW)} more`));
  picked.replaceChildren(make("h3", "", title), make("ul", "found", ...items));
}

function showQuery(query) {
  picked.replaceChildren(make("h3", "asked", data.queries[query]), makeQuery(query));
}

function makeQuery(query) {
  const places = [data.groups[data.group[query]], data.strata[data.stratum[query]]].filter(Boolean).join(", ");
  const x = data.values[across.value][query], y = data.values[upright.value][query];
  const article = make("article", "query", make("p", "soft", [places, `difference ${sign(y - x)}`].filter(Boolean).join("; ")));
  const head = make("tr", "", ...["System", "NDCG@10", "Chart"].map((name) => {
    const cell = make("th", "", name);
    cell.scope = "col";
    return cell;
  }));
  const rows = data.rankings.map((label, ranking) => {
    const name = make("th", "", label), value = data.values[ranking][query];
    name.scope = "row";
    const bar = draw("svg", { class: "share", viewBox: "0 0 200 12", preserveAspectRatio: "none", "aria-hidden": "true" },
      draw("rect", { class: "floor", width: 200, height: 12 }), draw("rect", { class: "fill", width: value / 5, height: 12 }));
    return make("tr", "", name, make("td", "number", say(value)), make("td", "chart", bar));
  });
  const all = make("details", "", make("summary", "", `All ${rows.length} rankings`),
    make("table", "stratum", make("thead", "", head), make("tbody", "", ...rows)));
  const source = held.has(query) ? byId(`case-${query}`) : null;
  const answers = (source?.content ?? source)?.querySelector(".answers").cloneNode(true);
  article.append(answers ?? make("p", "soft", "The page holds passages only for the queries with the largest differences."), all);
  return article;
}

fill(across, data.rankings, data.base);
fill(upright, data.rankings, data.tuned);
fill(slice, data.slices.map(({ label }) => label), 0);
byId("pick").hidden = false;
for (const control of [across, upright, slice]) control.addEventListener("change", refresh);
find.addEventListener("input", refresh);
refresh();
