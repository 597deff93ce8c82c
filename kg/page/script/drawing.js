// The picture: sigma draws what `state` says.
const PALETTE = [
  "#4c78c9", "#e08a3c", "#4fa36b", "#c95a6b", "#8b6fc4", "#3fa7b5", "#b98a2f", "#c46fae",
  "#7a9a3a", "#a0694b", "#5b8fd9", "#6d7f92",
];
const OTHER = "#9aa0a8";
const PADDING = 40;
const stage = document.getElementById("stage");
const dark = matchMedia("(prefers-color-scheme: dark)");
let theme = {};
let renderer = null;
let near = new Set();

function readTheme() {
  const style = getComputedStyle(document.documentElement);
  theme = Object.fromEntries(["back", "text", "soft", "edge", "faded", "accent", "line"].map(
    (name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function mixColours(left, right, share) {
  const part = (text, at) => parseInt(text.slice(at, at + 2), 16);
  return "#" + [1, 3, 5].map((at) => Math.round(part(left, at) * share + part(right, at) * (1 - share))
    .toString(16).padStart(2, "0")).join("");
}

function colourOf(node) {
  const number = state.colour === "type" ? concepts[node].type : concepts[node].community;
  return number === null ? OTHER : PALETTE[number] ?? OTHER;
}

function makeGraph() {
  const graph = new graphology.MultiDirectedGraph();
  concepts.forEach((concept, node) => graph.addNode(node, {
    x: concept.x, y: concept.y, label: concept.name, size: 2 + 1.5 * Math.sqrt(Math.min(degrees[node], 120)),
  }));
  data.edges.forEach((edge, number) => graph.addDirectedEdgeWithKey(number, edge.source, edge.target, {
    size: 1,
  }));
  return graph;
}

function reduceNode(key, values) {
  const node = Number(key);
  if (!isShown(node)) return { ...values, hidden: true };
  const colour = colourOf(node);
  if (!near.size) return { ...values, color: colour };
  if (!near.has(node)) return { ...values, color: theme.faded, label: null, zIndex: 0 };
  const centre = node === state.selected || node === state.over;
  return { ...values, color: colour, zIndex: centre ? 2 : 1, forceLabel: centre || near.size <= 40, highlighted: node === state.selected };
}

function reduceEdge(key, values) {
  const edge = data.edges[key];
  if (!state.relations.has(edge.relation) || !isShown(edge.source) || !isShown(edge.target)) {
    return { ...values, hidden: true };
  }
  const same = colourOf(edge.source) === colourOf(edge.target);
  const colour = mixColours(same ? colourOf(edge.source) : theme.edge, theme.back, same ? 0.6 : 0.75);
  if (!near.size) return { ...values, color: colour };
  const centre = state.over ?? state.selected;
  if (edge.source !== centre && edge.target !== centre) return { ...values, hidden: true };
  return { ...values, color: mixColours(colourOf(edge.source), theme.back, 0.75), size: 1.6, zIndex: 1, type: "arrow" };
}

function drawHover(context, node, settings) {
  const size = Math.min(settings.labelSize + node.size / 5, 17);
  context.font = `600 ${size}px ${settings.labelFont}`;
  const width = node.label ? context.measureText(node.label).width + 12 : 0;
  context.beginPath();
  context.arc(node.x, node.y, node.size + 3, 0, 2 * Math.PI);
  context.fillStyle = theme.text;
  context.fill();
  context.beginPath();
  context.arc(node.x, node.y, node.size + 1.5, 0, 2 * Math.PI);
  context.fillStyle = node.color;
  context.fill();
  if (!node.label) return;
  context.beginPath();
  context.roundRect(node.x + node.size + 2, node.y - size / 2 - 4, width, size + 8, 5);
  context.fillStyle = theme.back;
  context.fill();
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.stroke();
  context.fillStyle = theme.text;
  context.fillText(node.label, node.x + node.size + 8, node.y + size / 3);
}

function drawLabel(context, node, settings) {
  if (!node.label) return;
  const size = Math.min(settings.labelSize + node.size / 5, 17);
  context.font = `${settings.labelWeight} ${size}px ${settings.labelFont}`;
  context.lineJoin = "round";
  context.lineWidth = 3.5;
  context.strokeStyle = theme.back;
  context.fillStyle = theme.text;
  context.strokeText(node.label, node.x + node.size + 3, node.y + size / 3);
  context.fillText(node.label, node.x + node.size + 3, node.y + size / 3);
}

function startDrawing() {
  readTheme();
  renderer = new Sigma(makeGraph(), stage, {
    defaultEdgeType: "line", defaultEdgeColor: theme.edge, nodeReducer: reduceNode, edgeReducer: reduceEdge,
    labelFont: getComputedStyle(document.body).fontFamily, labelSize: 12, labelWeight: "500",
    labelDensity: 0.7, labelGridCellSize: 110, labelRenderedSizeThreshold: 4, zIndex: true,
    defaultDrawNodeHover: drawHover, defaultDrawNodeLabel: drawLabel, minCameraRatio: 0.02, maxCameraRatio: 3,
    minEdgeThickness: 1.2, stagePadding: PADDING, hideEdgesOnMove: data.edges.length > 20000,
  });
  fitCamera(false);
  dark.addEventListener("change", () => { readTheme(); renderer.refresh(); });
}

function redraw() {
  const centre = state.over ?? state.selected;
  near = centre === null ? new Set() : neighboursOf(centre);
  renderer?.refresh();
}

// The nodes that are shown fill the part of the window that no panel covers.
function fitCamera(animate = true) {
  if (!renderer) return;
  const shown = concepts.map((_, node) => node).filter(isShown);
  const places = (axis) => shown.map((node) => renderer.getGraph().getNodeAttribute(node, axis));
  if (shown.length) renderer.setCustomBBox({ x: findRange(places("x")), y: findRange(places("y")) });
  renderer.refresh();
  centreOn(shown, 0, animate);
}

function findRange(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

// Move so that these nodes are seen; `least` bounds how near the camera goes.
function centreOn(nodes, least = 0.22, animate = true) {
  if (!renderer || !nodes.length) return;
  const places = nodes.map((node) => renderer.getNodeDisplayData(node));
  const [x, y] = ["x", "y"].map((axis) => findRange(places.map((place) => place[axis])));
  const { width, height } = renderer.getDimensions();
  const side = (id) => {
    const box = document.getElementById(id).getBoundingClientRect();
    return box.width && box.width < width / 2 ? box.width + 14 : 0;
  };
  const left = side("controls"), right = side("detail");
  const free = Math.max(width - left - right, 4 * PADDING);
  const camera = renderer.getCamera();
  const [start, end] = [0, 1].map((at) => renderer.framedGraphToViewport({ x: at, y: 0 }).x);
  const pixels = (end - start) * camera.ratio;
  const ratio = Math.max(least, 0.01, ((x[1] - x[0]) * pixels) / (free - 2 * PADDING),
    ((y[1] - y[0]) * pixels) / (height - 2 * PADDING));
  const shift = ((left - right) / 2) * (ratio / pixels);
  const target = { x: (x[0] + x[1]) / 2 - shift, y: (y[0] + y[1]) / 2, ratio };
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden;
  if (animate && !calm) camera.animate(target, { duration: 450 });
  else camera.setState(target);
}
