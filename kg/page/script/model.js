// What the page knows: concepts, edges, and the search over names. Text never becomes markup here.
const data = JSON.parse(document.getElementById("data").textContent);
const concepts = data.concepts;

const LETTERS = { ł: "l", ø: "o", đ: "d", ı: "i", æ: "ae", œ: "oe", ß: "ss", þ: "th", ð: "d" };

// Case, accents, kinds of dashes and TeX's dollar signs do not matter to a search.
function fold(text) {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[łøđıæœßþð]/g, (letter) => LETTERS[letter])
    .replace(/[\p{Pd}\u2212]/gu, "-")
    .replace(/[‘’ʼ′`]/g, "'")
    .replace(/[$“”"]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

const incident = concepts.map(() => []);
data.edges.forEach((edge, number) => {
  incident[edge.source].push(number);
  incident[edge.target].push(number);
});
const degrees = incident.map((edges) => new Set(edges.flatMap(
  (e) => [data.edges[e].source, data.edges[e].target])).size - (edges.length ? 1 : 0));
const names = concepts.map((concept) => [concept.name, ...concept.aliases].map((name) => ({
  name, form: fold(name), loose: fold(name).replace(/-/g, " "),
})));

// The rank of a name for a query: 0 equal, 1 begins so, 2 a word begins so, 3 inside, null not at all.
function rankName(name, query) {
  const form = query.includes("-") ? name.form : name.loose;
  if (form === query) return 0;
  if (form.startsWith(query)) return 1;
  if (query.split(" ").every((word) => ` ${form}`.includes(` ${word}`))) return 2;
  return query.split(" ").every((word) => form.includes(word)) ? 3 : null;
}

function findConcepts(text, limit) {
  const query = fold(text);
  if (!query) return { hits: [], total: 0 };
  const hits = [];
  names.forEach((list, node) => {
    let best = null;
    for (const name of list) {
      const rank = rankName(name, query);
      if (rank !== null && (best === null || rank < best.rank)) best = { node, rank, name: name.name };
    }
    if (best) hits.push(best);
  });
  hits.sort((a, b) => a.rank - b.rank || degrees[b.node] - degrees[a.node] || a.name.length - b.name.length
    || a.node - b.node);
  return { hits: hits.slice(0, limit), total: hits.length };
}

// Concepts in the order in which a first view takes them: well connected, then much used.
const byWeight = concepts.map((_, node) => node).sort(
  (a, b) => degrees[b] - degrees[a] || concepts[b].mentions - concepts[a].mentions || a - b);
const FIRST_VIEW = 2000;
const related = byWeight.filter((node) => degrees[node] > 0);
const firstView = new Set((related.length ? related : byWeight).slice(0, FIRST_VIEW));

// What is filtered, selected and under the pointer.
const state = {
  colour: "community", all: firstView.size === concepts.length, selected: null, over: null,
  types: new Set(data.types.keys()), relations: new Set(data.relations.keys()), revealed: new Set(),
};

function isShown(node) {
  if (node === state.selected) return true;
  return (state.all || firstView.has(node) || state.revealed.has(node)) && state.types.has(concepts[node].type);
}

function neighboursOf(node) {
  const found = new Set([node]);
  for (const number of incident[node]) {
    const edge = data.edges[number];
    if (state.relations.has(edge.relation)) found.add(edge.source).add(edge.target);
  }
  return found;
}
