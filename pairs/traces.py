"""Where texts come from: names inside longer texts, and passages that a text repeats."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import fold_plural, fold_text

#: Share of the three-word sequences of the shorter text from which one text repeats the other.
THRESHOLD = 0.8
#: Texts of fewer words are alike by chance.
MIN_WORDS = 8
_WORD = re.compile(r"\w+")

_Shingle = tuple[str, ...]


def find_phrases(texts: Iterable[str], phrases: Iterable[str]) -> dict[str, set[str]]:
    """Return the phrases inside each text that has any: whole words, folded as names are.

    >>> find_phrases(["Proof of the Pieri rules", "Schur"], ["pieri rule", "schur function"])
    {'Proof of the Pieri rules': {'pieri rule'}}
    >>> find_phrases(["the spiral"], ["spira"])
    {}
    """
    by_words = {_fold_words(phrase): phrase for phrase in phrases}
    lengths: defaultdict[str, set[int]] = defaultdict(set)
    for words in filter(None, by_words):
        lengths[words[0]].add(len(words))
    found = {}
    for text in texts:
        words = _fold_words(text)
        inside = {
            by_words[part]
            for start, first in enumerate(words)
            for length in lengths.get(first, ())
            if (part := words[start : start + length]) in by_words
        }
        if inside:
            found[text] = inside
    return found


def trace_texts(texts: Iterable[str], passages: Mapping[str, str]) -> dict[str, set[str]]:
    """Return, for each text that repeats a passage, or is repeated by one, the ids of these passages.

    A text repeats a passage where four fifths of the three-word sequences of the shorter of the two
    stand in the longer one. Texts and passages of fewer than `MIN_WORDS` words are left out.

    >>> passage = "a partition is strict if its parts are distinct and positive"
    >>> text = "Recall: a partition is strict if its parts are distinct."
    >>> trace_texts([text, "a partition"], {"c": passage, "d": "another " * 9})
    {'Recall: a partition is strict if its parts are distinct.': {'c'}}
    """
    shingles = {text: _list_shingles(text) for text in texts}
    index: defaultdict[_Shingle, list[str]] = defaultdict(list)
    for text, parts in shingles.items():
        for part in parts:
            index[part].append(text)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for key, passage in passages.items() if index else ():
        parts = _list_shingles(passage)
        shared = Counter(text for part in parts & index.keys() for text in index[part])
        for text, count in shared.items():
            if count >= THRESHOLD * min(len(parts), len(shingles[text])):
                found[text].add(key)
    return dict(found)


def find_parts(texts: Iterable[str], passage: str) -> list[str]:
    """Return those texts of which four fifths of the three-word sequences stand in a passage.

    >>> find_parts(["it is so that a thing is it", "no"], "so it is so that a thing is it, or so")
    ['it is so that a thing is it']
    """
    parts = _list_shingles(passage)
    found = []
    for text in texts if parts else ():
        own = _list_shingles(text)
        if own and len(own & parts) >= THRESHOLD * len(own):
            found.append(text)
    return found


def measure_overlap(texts: Mapping[str, str], sources: Iterable[str]) -> dict[str, float]:
    """Return which share of each text's three-word sequences stands in any of the sources.

    Texts and sources of fewer than `MIN_WORDS` words share nothing. Memory grows with the texts, not
    with the sources.

    >>> texts = {"d": "a partition is strict if its parts are distinct and positive", "e": "a poset"}
    >>> measure_overlap(texts, ["Call a partition strict if its parts are distinct numbers."])
    {'d': 0.4444444444444444, 'e': 0.0}
    """
    shingles = {key: _list_shingles(text) for key, text in texts.items()}
    wanted = set[_Shingle]().union(*shingles.values())
    met: set[_Shingle] = set()
    for source in sources:
        met |= _list_shingles(source) & wanted
    return {key: len(parts & met) / max(1, len(parts)) for key, parts in shingles.items()}


def squash_text(text: str) -> str:
    """Return a text without case and runs of blanks, to tell whether two are the same.

    >>> squash_text("A  Poset")
    'a poset'
    """
    return " ".join(text.casefold().split())


def quote_papers(graph: ConceptGraph, texts: Iterable[str]) -> dict[str, set[str]]:
    """Return, for each text that repeats passages of the graph, the ids of the papers they stand in."""
    passages = {chunk.id: chunk.text for chunk in graph.chunks.values()}
    return {
        text: {graph.chunks[chunk].document_id for chunk in chunks}
        for text, chunks in trace_texts(texts, passages).items()
    }


def make_source_finder(graph: ConceptGraph) -> Callable[[str, Iterable[str]], set[str]]:
    """Return what finds the passages that a text was taken from; it remembers what it has read.

    Of the passages given by id (second), those count that hold the text (first) word for word,
    whatever stands between the words: a description may be joined over lines and lists, and cut with
    "…". With them count their near-duplicates, wherever these stand.
    """
    repeats: defaultdict[str, set[str]] = defaultdict(set)
    for link in graph.links:
        if link.type == "near_duplicate":
            repeats[link.source].add(link.target)
            repeats[link.target].add(link.source)

    @cache
    def list_words(chunk: str) -> str:
        return " " + " ".join(_WORD.findall(graph.chunks[chunk].text))

    def find_sources(text: str, chunks: Iterable[str]) -> set[str]:
        words = " ".join(_WORD.findall(text))
        found = {
            chunk
            for chunk in chunks
            if (
                f" {words}" in list_words(chunk)
                if words
                else text.strip() in graph.chunks[chunk].text
            )
        }
        return found.union(*(repeats[chunk] for chunk in found))

    return find_sources


def _fold_words(text: str) -> tuple[str, ...]:
    return tuple(map(fold_plural, _WORD.findall(fold_text(text)[0])))


def _list_shingles(text: str) -> set[_Shingle]:
    words = _WORD.findall(text.lower())
    if len(words) < MIN_WORDS:
        return set()
    return set(zip(words, words[1:], words[2:], strict=False))
