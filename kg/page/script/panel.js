// The panel of one concept: every text goes in by textContent.
const detail = document.getElementById("detail");
// Neighbours of one kind that are listed at once.
const FEW = 8;

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Formulas between dollar signs are set in another face; the TeX inside stays as it is.
function spell(text) {
  const parts = text.split(/(\$[^$\n]{1,300}\$)/);
  return parts.map((part) => /^\$.+\$$/.test(part) ? make("span", "math", part.slice(1, -1)) : part)
    .filter((part) => part !== "");
}

function describeSource(paper, section, page) {
  const place = [section ? `§ ${section}` : "", page ? `p. ${page}` : ""].filter(Boolean).join(", ");
  return make("footer", "", ...spell(data.papers[paper] ?? ""), place ? " · " : "", ...spell(place));
}

function makeQuote(evidence) {
  const chip = evidence.role ? make("span", "chip", evidence.role) : null;
  const footer = describeSource(evidence.paper, evidence.section, evidence.page);
  if (chip) footer.prepend(chip, " ");
  return make("blockquote", "", ...spell(evidence.before), evidence.text ? make("mark", "", ...spell(evidence.text)) : null,
    ...spell(evidence.after), footer);
}

function makeNeighbour(edge, node) {
  const link = make("button", "neighbour", ...spell(concepts[node].name));
  link.type = "button";
  link.dataset.node = node;
  const item = make("li", "", link);
  if (edge.evidence) {
    const more = make("details", "", make("summary", "", edge.support > 1 ? `1 of ${edge.support} passages` : "passage"));
    more.append(makeQuote(edge.evidence));
    item.append(" ", more);
  }
  return item;
}

function makeRelations(node) {
  const groups = new Map();
  for (const number of new Set(incident[node])) {
    const edge = data.edges[number];
    const forward = edge.source === node;
    const key = `${edge.relation} ${forward}`;
    if (!groups.has(key)) groups.set(key, { edge, forward, items: [] });
    groups.get(key).items.push([edge, forward ? edge.target : edge.source]);
  }
  const sorted = [...groups.values()].sort((a, b) => b.forward - a.forward || a.edge.relation - b.edge.relation);
  return sorted.map(({ edge, forward, items }) => {
    const kind = data.relations[edge.relation].replaceAll("_", " ");
    items.sort(([a, x], [b, y]) => b.support - a.support || concepts[x].name.localeCompare(concepts[y].name));
    const rows = items.map(([held, other]) => makeNeighbour(held, other));
    const rest = rows.splice(rows.length > FEW + 2 ? FEW : rows.length);
    const more = rest.length ? make("details", "rest", make("summary", "", `${rest.length} more`), make("ul", "", ...rest)) : null;
    return make("div", "group", make("p", "", forward ? `${kind} →` : `← ${kind}`), make("ul", "", ...rows), more);
  });
}

const count = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

function makeSection(title, ...children) {
  return children.length ? make("section", "", make("h3", "", title), ...children) : null;
}

function showDetail(node) {
  const concept = concepts[node];
  const dot = make("span", "dot");
  dot.style.background = colourOf(node);
  const close = make("button", "close", "×");
  close.type = "button";
  close.setAttribute("aria-label", "Close");
  const hidden = concept.mentions - concept.evidence.length;
  detail.replaceChildren(...[
    make("div", "head", make("h2", "", ...spell(concept.name)), close),
    make("p", "facts", dot, make("span", "chip", data.types[concept.type]), count(concept.papers, "paper"), " · ", count(concept.mentions, "mention")),
    concept.aliases.length ? make("p", "names", "also ", ...concept.aliases.flatMap((alias, i) => [i ? ", " : "", make("b", "", ...spell(alias))])) : null,
    concept.description ? make("p", "definition", ...spell(concept.description)) : null,
    makeSection(`Relations (${incident[node].length})`, ...makeRelations(node)),
    makeSection("Evidence", ...concept.evidence.map(makeQuote), ...(hidden > 0 && concept.evidence.length ? [make("p", "names", `and ${count(hidden, "more mention")}`)] : [])),
  ].filter(Boolean));
  detail.hidden = false;
  detail.scrollTop = 0;
}
