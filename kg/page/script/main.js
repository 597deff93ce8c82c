// Search, filters, pointer and keys.
const byId = (id) => document.getElementById(id);
const number = (n) => n.toLocaleString("en");

function select(node, { move = true, focus = false } = {}) {
  state.selected = node;
  state.over = null;
  if (node === null) {
    detail.hidden = true;
    detail.replaceChildren();
    history.replaceState(null, "", location.pathname + location.search);
  } else {
    for (const other of neighboursOf(node)) state.revealed.add(other);
    showDetail(node);
    history.replaceState(null, "", `#${encodeURIComponent(concepts[node].id)}`);
    if (focus) detail.focus();
  }
  refresh();
  if (move && node !== null) centreOn([...neighboursOf(node)].filter(isShown));
}

function refresh() {
  redraw();
  const shown = concepts.reduce((sum, _, node) => sum + isShown(node), 0);
  byId("shown").textContent = `${number(shown)} of ${number(concepts.length)} shown`;
}

function makeFilter(list, items, chosen, colour) {
  byId(list).replaceChildren(...items.map((item, index) => {
    const box = make("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      box.checked ? chosen.add(index) : chosen.delete(index);
      refresh();
    });
    const dot = colour ? make("span", "dot") : null;
    if (dot) dot.style.background = PALETTE[index] ?? OTHER;
    return make("li", "", make("label", "", box, dot, item.name, make("span", "count", number(item.count))));
  }));
}

function makeCommunities() {
  byId("communities").replaceChildren(...data.communities.slice(0, PALETTE.length).map((community, index) => {
    const dot = make("span", "dot");
    dot.style.background = PALETTE[index];
    const button = make("button", "", dot, make("span", "name", ...spell(community.label)), make("span", "count", number(community.size)));
    button.type = "button";
    button.title = community.label;
    button.addEventListener("click", () => centreOn(
      concepts.flatMap((concept, node) => concept.community === index && isShown(node) ? [node] : [])));
    return make("li", "", button);
  }));
}

function showColours() {
  const types = state.colour === "type";
  for (const dot of byId("types").querySelectorAll(".dot")) dot.hidden = !types;
  byId("community-box").hidden = types || !data.communities.length;
}

// --- search ---------------------------------------------------------------------------------------

const search = byId("search"), results = byId("results");
let active = -1;

function showResults() {
  const { hits, total } = findConcepts(search.value, 30);
  active = hits.length ? 0 : -1;
  const items = hits.map(({ node, name }, index) => {
    const concept = concepts[node];
    const item = make("li", "", ...spell(concept.name));
    if (name !== concept.name) item.append(make("small", "", "also ", ...spell(name)));
    item.id = `result-${index}`;
    item.role = "option";
    item.dataset.node = node;
    return item;
  });
  if (search.value.trim() && !hits.length) items.push(make("li", "none", "No such name."));
  if (total > hits.length) items.push(make("li", "none", `and ${number(total - hits.length)} more`));
  results.replaceChildren(...items);
  results.hidden = !items.length;
  search.setAttribute("aria-expanded", String(!results.hidden));
  markActive();
}

function markActive() {
  const options = [...results.querySelectorAll("[role=option]")];
  options.forEach((option, index) => option.setAttribute("aria-selected", String(index === active)));
  if (options[active]) {
    options[active].scrollIntoView({ block: "nearest" });
    search.setAttribute("aria-activedescendant", options[active].id);
  } else search.removeAttribute("aria-activedescendant");
}

function closeResults() {
  results.hidden = true;
  search.setAttribute("aria-expanded", "false");
}

search.addEventListener("input", showResults);
search.addEventListener("focus", () => { if (search.value) showResults(); });
search.addEventListener("keydown", (event) => {
  const options = results.querySelectorAll("[role=option]");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (results.hidden) return showResults();
    active = (active + (event.key === "ArrowDown" ? 1 : -1) + options.length) % (options.length || 1);
    markActive();
  } else if (event.key === "Enter" && options[active] && !results.hidden) {
    select(Number(options[active].dataset.node), { focus: true });
    closeResults();
  } else if (event.key === "Escape") {
    event.stopPropagation();
    results.hidden ? search.blur() : closeResults();
  }
});
results.addEventListener("pointerdown", (event) => {
  const option = event.target.closest("[role=option]");
  if (!option) return;
  event.preventDefault();
  select(Number(option.dataset.node));
  closeResults();
});
search.addEventListener("blur", closeResults);

// --- panel, filters, keys -------------------------------------------------------------------------

detail.addEventListener("click", (event) => {
  const link = event.target.closest(".neighbour");
  if (link) select(Number(link.dataset.node), { focus: true });
  if (event.target.closest(".close")) select(null);
});
for (const radio of document.getElementsByName("colour")) {
  radio.addEventListener("change", () => {
    state.colour = radio.value;
    showColours();
    if (state.selected !== null) showDetail(state.selected);
    redraw();
  });
}
const showAll = byId("show-all");
showAll.addEventListener("click", () => {
  state.all = !state.all;
  nameShowAll();
  refresh();
  fitCamera();
});
function nameShowAll() {
  showAll.textContent = state.all ? "Show fewer" : "Show all";
  showAll.setAttribute("aria-pressed", String(state.all));
}
function zoom(way) {
  if (!renderer) return;
  const camera = renderer.getCamera();
  if (way === "fit") fitCamera();
  else if (way === "in") camera.animatedZoom({ duration: 180 });
  else camera.animatedUnzoom({ duration: 180 });
}
byId("zoom").addEventListener("click", (event) => zoom(event.target.dataset.zoom));
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input[type=search]");
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  if (event.key === "/") { event.preventDefault(); search.focus(); search.select(); }
  else if (event.key === "Escape") select(null);
  else if (event.target !== stage || !renderer) return;
  else if (MOVES[event.key]) {
    event.preventDefault();
    const camera = renderer.getCamera(), { x, y, ratio } = camera.getState(), [dx, dy] = MOVES[event.key];
    camera.animate({ x: x + dx * ratio * 0.1, y: y + dy * ratio * 0.1 }, { duration: 120 });
  } else if (event.key === "+" || event.key === "=") zoom("in");
  else if (event.key === "-") zoom("out");
  else if (event.key === "0") zoom("fit");
});

// --- the pointer on the graph ---------------------------------------------------------------------

function listenToGraph() {
  let held = null, moved = false;
  renderer.on("enterNode", ({ node }) => {
    stage.classList.add("over");
    if (held === null && state.selected === null) { state.over = Number(node); redraw(); }
  });
  renderer.on("leaveNode", () => {
    stage.classList.remove("over");
    if (held === null && state.over !== null) { state.over = null; redraw(); }
  });
  renderer.on("clickNode", ({ node }) => { if (!moved) select(Number(node), { move: false }); });
  renderer.on("clickStage", () => { if (state.selected !== null) select(null); });
  renderer.on("downNode", ({ node }) => { held = node; moved = false; });
  renderer.on("moveBody", ({ event }) => {
    if (held === null) return;
    if (!moved && !renderer.getCustomBBox()) renderer.setCustomBBox(renderer.getBBox());
    moved = true;
    const place = renderer.viewportToGraph(event);
    renderer.getGraph().mergeNodeAttributes(held, place);
    event.preventSigmaDefault();
    event.original.preventDefault();
    event.original.stopPropagation();
  });
  const drop = () => { held = null; };
  renderer.on("upNode", drop);
  renderer.on("upStage", drop);
}

const sizes = [[concepts.length, "concept"], [data.edges.length, "relation"], [data.papers.length, "paper"]];
byId("sizes").textContent = sizes.map(([n, word]) => count(n, word)).join(" · ");
const counts = (items, key, rows) => items.map((item, index) => ({
  name: item, count: rows.filter((row) => row[key] === index).length,
}));
makeFilter("types", counts(data.types, "type", concepts), state.types, true);
makeFilter("relations", counts(data.relations, "relation", data.edges), state.relations, false);
makeCommunities();
nameShowAll();
showAll.hidden = firstView.size === concepts.length;
byId("filters").open = innerWidth > 760;
showColours();
try {
  startDrawing();
  listenToGraph();
} catch (error) {
  renderer = null;
  byId("no-drawing").hidden = false;
  console.warn(`The graph cannot be drawn: ${error}`);
}
refresh();
function openAddress() {
  const id = decodeURIComponent(location.hash.slice(1));
  const node = id ? concepts.findIndex((concept) => concept.id === id) : -1;
  if (node >= 0 && node !== state.selected) select(node);
}
addEventListener("hashchange", openAddress);
openAddress();
