"""Concepts and paths as data for --json, and as text for a terminal."""

import shutil
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphtune.kg import ConceptGraph
    from graphtune.kg.communities import Step
    from graphtune.pairs import Split
    from graphtune.records import Relation

#: Characters of a passage on each side of a mention, and of a long quote.
CONTEXT, LONGEST = 90, 300


def describe_concept(graph: "ConceptGraph", key: str, split: "Split") -> dict[str, Any]:
    """Return all that the graph holds about a concept, strongest mentions first."""
    from graphtune.records import ROLES

    node = graph.concepts[key]
    mentions = sorted(graph.mentions.get(key, ()), key=lambda m: ROLES.index(m.role))
    return {
        "id": key,
        "name": node.name,
        "type": node.type,
        "aliases": list(node.aliases),
        "description": node.description,
        "origin": node.origin,
        "split": split.concepts.get(key),
        "papers": len(graph.papers(key)),
        "relations": [
            describe_relation(graph, relation)
            for relation in graph.relations
            if key in (relation.source, relation.target)
        ],
        "mentions": [
            {"role": m.role, **describe_span(graph, m.chunk_id, m.start, m.end, CONTEXT)}
            for m in mentions
        ],
    }


def describe_relation(graph: "ConceptGraph", relation: "Relation") -> dict[str, Any]:
    """Return a relation with the names of its ends and its evidence, if it has any."""
    evidence = None
    if relation.chunk_id is not None:
        evidence = describe_span(graph, relation.chunk_id, relation.start, relation.end)
    return {
        "source": graph.concepts[relation.source].name,
        "type": relation.type,
        "target": graph.concepts[relation.target].name,
        "origin": relation.origin,
        "evidence": evidence,
    }


def describe_span(
    graph: "ConceptGraph", chunk_id: str, start: int, end: int, context: int = 0
) -> dict[str, Any]:
    """Return a span of a chunk with some context, and the paper, section and page it stands in."""
    from graphtune.kg.quotes import cut_quote

    chunk = graph.chunks[chunk_id]
    return {
        "paper": graph.documents[chunk.document_id]["title"],
        "section": chunk.heading,
        "page": chunk.page_start,
        "text": "".join(cut_quote(chunk, start, end, context)).strip(),
    }


def describe_steps(graph: "ConceptGraph", steps: Sequence["Step"]) -> list[dict[str, Any]]:
    """Return a path as data; `from` and `to` are in its own order, the relation in its direction."""
    return [
        {
            "from": graph.concepts[step.source].name,
            "to": graph.concepts[step.target].name,
            "direction": step.direction,
            "relation": describe_relation(graph, step.relation),
        }
        for step in steps
    ]


def render_concept(data: dict[str, Any], limit: int | None) -> str:
    """Return what `describe_concept` gave as text; at most `limit` neighbours of a kind and mentions."""
    lines = [f"{data['name']} ({data['type']}, {data['origin']}, split: {data['split'] or 'none'})"]
    if data["aliases"]:
        lines += _wrap(f"also: {', '.join(data['aliases'])}")
    if data["description"]:
        lines += _wrap(data["description"])
    groups: dict[str, list[str]] = {}
    for relation in data["relations"]:
        outward = relation["source"] == data["name"]
        heading = f"—{relation['type']}→" if outward else f"←{relation['type']}—"
        other = relation["target"] if outward else relation["source"]
        groups.setdefault(heading, []).append(f"  {heading} {other}{_cite(relation['evidence'])}")
    for heading, rows in groups.items():
        lines += rows[:limit]
        if len(rows) > len(rows[:limit]):
            lines.append(f"  {heading} and {len(rows) - len(rows[:limit])} more (--all)")
    for mention in data["mentions"][:limit]:
        lines += _wrap(f"[{mention['role']}] {_place(mention)}", "  ")
        lines += _wrap(mention["text"], "      ")
    if len(data["mentions"]) > len(data["mentions"][:limit]):
        lines.append(
            f"  and {len(data['mentions']) - len(data['mentions'][:limit]):,} more mentions (--all)"
        )
    return "\n".join(lines)


def render_steps(steps: Sequence[dict[str, Any]]) -> str:
    """Return a path as text, one relation with its quote after the other."""
    if not steps:
        return "these are one concept"
    lines = [steps[0]["from"]]
    for step in steps:
        kind = step["relation"]["type"]
        arrow = f"—{kind}→" if step["direction"] == "forward" else f"←{kind}—"
        lines.append(f"  {arrow} {step['to']}")
        evidence = step["relation"]["evidence"]
        if evidence:
            lines += _wrap(f"“{_shorten(evidence['text'])}” {_place(evidence)}", "      ")
    return "\n".join(lines)


def _cite(evidence: dict[str, Any] | None) -> str:
    return f" ({_place(evidence)})" if evidence else " (no passage)"


def _place(row: dict[str, Any]) -> str:
    return f"{row['paper']}, {row['section'] or 'no section'}, p. {row['page']}"


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _wrap(text: str, indent: str = "") -> list[str]:
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    return textwrap.wrap(
        text,
        max(40, width),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
    )
