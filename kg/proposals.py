"""What a model that knows the papers finds in the graph's gaps: more mentions, and concepts that are one.

The model only says where to look: which passages lie near a concept's name and its definitions, which
names lie near each other. Rules confirm what it finds, or a language model does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphtune.encoder import Vectors, encode_texts
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.mentions import locate_paragraph
from graphtune.kg.names import normalize_name
from graphtune.kg.paragraphs import split_paragraphs
from graphtune.kg.resolution.keys import is_bare_adjective, read_acronym
from graphtune.kg.roles import judge_role
from graphtune.kg.rounds import NewMention, NewMerge
from graphtune.kg.sameness import explain_same, list_initials
from graphtune.kg.variants import find_variant, split_tokens
from graphtune.nearest import search_exact
from graphtune.records import Mention, Span

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: Of each concept, so many passages are looked at, the nearest.
NEAREST_PASSAGES = 100
#: Of each name, so many others, if their cosine is at least this.
NEAREST_NAMES, MIN_SIMILARITY = 5, 0.8
#: Defining passages that say, with the name, where a concept lies.
_DEFINITIONS = 3
_STRONG = ("defines", "states")


class Scope(NamedTuple):
    """What may change: these concepts, and mentions of them in these chunks (ids)."""

    concepts: frozenset[str]
    chunks: frozenset[str]


class Near(NamedTuple):
    """A concept and a chunk near it in which it is not mentioned, with their cosine."""

    concept_id: str
    chunk_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Proposals:
    """What was looked at, and what of it was confirmed."""

    near_passages: int
    near_names: int
    mentions: tuple[NewMention, ...]
    merges: tuple[NewMerge, ...]


def propose(
    graph: ConceptGraph,
    scope: Scope,
    encoder: SentenceTransformer,
    apart: Collection[frozenset[str]] = (),
) -> Proposals:
    """Return what the graph lacks by this encoder, as far as rules confirm it.

    Args:
        graph: the graph; it stays as it is.
        scope: what may change.
        encoder: the model that finds.
        apart: pairs of normal forms that must not be merged.
    """
    near = find_near_passages(graph, scope, encoder)
    pairs = find_near_names(graph, scope, encoder)
    mentions, merges = verify_mentions(graph, near), verify_merges(graph, pairs, apart)
    return Proposals(len(near), len(pairs), tuple(mentions), tuple(merges))


def find_near_passages(
    graph: ConceptGraph, scope: Scope, encoder: SentenceTransformer
) -> list[Near]:
    """Return for each concept the nearest chunks of the scope that do not mention it yet.

    A concept lies where its name lies as a query, together with up to three passages that define or
    state it.
    """
    concepts = [key for key in sorted(scope.concepts) if key in graph.concepts]
    chunks = [key for key in sorted(graph.chunks) if key in scope.chunks]
    if not concepts or not chunks:
        return []
    names = [graph.concepts[key].name for key in concepts]
    passages = [graph.chunks[key].passage for key in chunks]
    queries = _normalise(encode_texts(encoder, names, "query", "encoding names"))
    documents = _normalise(encode_texts(encoder, passages, "document", "encoding passages"))
    rows = {key: row for row, key in enumerate(chunks)}
    for row, key in enumerate(concepts):
        held = [m.chunk_id for m in graph.evidence(key) if m.role in _STRONG]
        places = [rows[c] for c in dict.fromkeys(held) if c in rows][:_DEFINITIONS]
        if places:
            queries[row] += documents[places].mean(axis=0)
    ranked = search_exact(_normalise(queries), documents, chunks, NEAREST_PASSAGES)
    near = []
    for key, found in zip(concepts, ranked, strict=True):
        known = {mention.chunk_id for mention in graph.mentions.get(key, ())}
        near += [Near(key, chunk, score) for chunk, score in found if chunk not in known]
    return near


def verify_mentions(graph: ConceptGraph, near: Iterable[Near]) -> list[NewMention]:
    """Return the mentions that rules confirm: each word of a name, written another way in the passage.

    A place that lies inside what another concept is named by stays that concept's.
    """
    by_chunk: defaultdict[str, list[str]] = defaultdict(list)
    for item in near:
        by_chunk[item.chunk_id].append(item.concept_id)
    taken: defaultdict[str, list[Span]] = defaultdict(list)
    for mention in (m for mentions in graph.mentions.values() for m in mentions):
        if mention.chunk_id in by_chunk:
            taken[mention.chunk_id].append(Span(mention.start, mention.end))
    names = _list_own_names(graph)
    found: list[NewMention] = []
    for chunk_id in sorted(by_chunk):
        text = graph.chunks[chunk_id].text
        tokens = split_tokens(text)
        forms = {token.form for token in tokens}
        for key in sorted(by_chunk[chunk_id]):
            spans = (find_variant(name, text, tokens, forms) for name in names[key])
            span = next(filter(None, spans), None)
            if span and not any(s <= span.start and span.end <= e for s, e in taken[chunk_id]):
                found += make_mentions(graph, key, chunk_id, span)
    return found


def make_mentions(
    graph: ConceptGraph, concept_id: str, chunk_id: str, span: Span
) -> Iterator[NewMention]:
    """Yield the mention at a span of a chunk, with its role; nothing inside a bibliography."""
    chunk = graph.chunks[chunk_id]
    paragraph = locate_paragraph(split_paragraphs(chunk), span.start)
    role = judge_role(paragraph, chunk.text, span.start, span.end)
    if role != "bibliography":
        mention = Mention(concept_id, chunk_id, span.start, span.end, role)
        yield NewMention(graph.concepts[concept_id].name, mention, "rules")


def _list_own_names(graph: ConceptGraph) -> dict[str, list[str]]:
    """Return the names of each concept that no other concept has."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for key in graph.concepts:
        for name in graph.names(key):
            owners[normalize_name(name)].add(key)
    return {
        key: [name for name in graph.names(key) if len(owners[normalize_name(name)]) == 1]
        for key in graph.concepts
    }


def find_near_names(
    graph: ConceptGraph, scope: Scope, encoder: SentenceTransformer
) -> list[tuple[str, str]]:
    """Return the pairs of concepts of the scope of which two names lie near each other, in order."""
    owned = [
        (name, key)
        for key, names in sorted(_list_own_names(graph).items())
        if key in scope.concepts
        for name in names
        if not is_bare_adjective(normalize_name(name))
    ]
    if len(owned) < 2:
        return []
    vectors = _normalise(
        encode_texts(encoder, [name for name, _ in owned], "query", "comparing names")
    )
    ids = [f"{row:08}" for row in range(len(owned))]
    pairs = set()
    for row, found in enumerate(search_exact(vectors, vectors, ids, NEAREST_NAMES + 1)):
        for other, score in found:
            one, two = owned[row][1], owned[int(other)][1]
            if one != two and score >= MIN_SIMILARITY:
                pairs.add((min(one, two), max(one, two)))
    return sorted(pairs)


def verify_merges(
    graph: ConceptGraph, pairs: Sequence[tuple[str, str]], apart: Collection[frozenset[str]]
) -> list[NewMerge]:
    """Return the merges that rules confirm (see `graphtune.kg.sameness`), the best attested first.

    A concept takes part in one merge a round at most, so that chains cannot grow.

    Args:
        graph: the graph.
        pairs: of concept ids.
        apart: pairs of normal forms that somebody keeps apart.
    """
    initials = list_initials({key: concept.name for key, concept in graph.concepts.items()})
    names = _list_own_names(graph)

    def explain(one: str, two: str) -> str | None:
        if frozenset((one, two)) in initials:
            return "acronym"
        reasons = (explain_same(a, b) for a in names[one] for b in names[two])
        return next(filter(None, reasons), None)

    return choose_merges(graph, pairs, apart, explain)


def choose_merges(
    graph: ConceptGraph,
    pairs: Sequence[tuple[str, str]],
    apart: Collection[frozenset[str]],
    explain: Callable[[str, str], str | None],
) -> list[NewMerge]:
    """Return the merges for which `explain` has a reason, the better attested concept as the one kept."""

    def rank(key: str) -> tuple[bool, int, str]:
        return bool(read_acronym(graph.concepts[key].name)), -len(graph.evidence(key)), key

    busy: set[str] = set()
    merges = []
    for pair in sorted(pairs, key=lambda pair: sorted(map(rank, pair))):
        kept, gone = sorted(pair, key=rank)
        if busy & {kept, gone} or _are_kept_apart(graph, kept, gone, apart):
            continue
        if reason := explain(kept, gone):
            busy |= {kept, gone}
            merges.append(NewMerge(graph.concepts[kept].name, graph.concepts[gone].name, reason))
    return merges


def _are_kept_apart(
    graph: ConceptGraph, one: str, two: str, apart: Collection[frozenset[str]]
) -> bool:
    forms = [{normalize_name(name) for name in graph.names(key)} for key in (one, two)]
    return any(frozenset((a, b)) in apart for a in forms[0] for b in forms[1])


def _normalise(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit
