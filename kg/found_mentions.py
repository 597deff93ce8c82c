"""Mentions that a tuned model finds: passages near a concept that write its name another way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from graphtune.encoder import encode_texts
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.mentions import locate_paragraph
from graphtune.kg.paragraphs import split_paragraphs
from graphtune.kg.roles import judge_role
from graphtune.kg.rounds import NewMention, Origin
from graphtune.kg.scope import Judge, Scope, list_own_names, normalise_rows
from graphtune.kg.variants import find_variant, split_tokens
from graphtune.nearest import search_exact
from graphtune.records import Mention, Span

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: Of each concept, so many passages are looked at, the nearest.
NEAREST_PASSAGES = 100
#: Of each concept, a judge is asked about so many of them.
ASKED_PASSAGES = 3
#: Defining passages that say, with the name, where a concept lies.
_DEFINITIONS = 3
_STRONG = ("defines", "states")


class Near(NamedTuple):
    """A concept and a chunk near it in which it is not mentioned, with their cosine."""

    concept_id: str
    chunk_id: str
    similarity: float


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
    queries = normalise_rows(encode_texts(encoder, names, "query", "encoding names"))
    documents = normalise_rows(encode_texts(encoder, passages, "document", "encoding passages"))
    rows = {key: row for row, key in enumerate(chunks)}
    for row, key in enumerate(concepts):
        held = [m.chunk_id for m in graph.evidence(key) if m.role in _STRONG]
        places = [rows[c] for c in dict.fromkeys(held) if c in rows][:_DEFINITIONS]
        if places:
            queries[row] += documents[places].mean(axis=0)
    ranked = search_exact(normalise_rows(queries), documents, chunks, NEAREST_PASSAGES)
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
    names = list_own_names(graph)
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


def judge_mentions(
    graph: ConceptGraph, near: Iterable[Near], known: Iterable[NewMention], judge: Judge
) -> list[NewMention]:
    """Return the mentions that a judge sees in the passages nearest to each concept."""
    done = {(item.mention.concept_id, item.mention.chunk_id) for item in known}
    asked: defaultdict[str, list[Near]] = defaultdict(list)
    for item in near:
        if item[:2] not in done and len(asked[item.concept_id]) < ASKED_PASSAGES:
            asked[item.concept_id].append(item)
    items = [item for key in sorted(asked) for item in asked[key]]
    spans = judge.quote(
        [(graph.concepts[i.concept_id].name, graph.chunks[i.chunk_id]) for i in items]
    )
    found: list[NewMention] = []
    for item, span in zip(items, spans, strict=True):
        if span:
            found += make_mentions(graph, item.concept_id, item.chunk_id, span, "llm")
    return found


def make_mentions(
    graph: ConceptGraph, concept_id: str, chunk_id: str, span: Span, origin: Origin = "rules"
) -> Iterator[NewMention]:
    """Yield the mention at a span of a chunk, with its role; nothing inside a bibliography."""
    chunk = graph.chunks[chunk_id]
    paragraph = locate_paragraph(split_paragraphs(chunk), span.start)
    role = judge_role(paragraph, chunk.text, span.start, span.end)
    if role != "bibliography":
        mention = Mention(concept_id, chunk_id, span.start, span.end, role)
        yield NewMention(graph.concepts[concept_id].name, mention, origin)
