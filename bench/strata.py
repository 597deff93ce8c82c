"""Strata of queries by lexical overlap: whether the query stands in what answers it.

Where it does, matching the string is enough, and BM25 is an oracle; the other stratum tells more.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import Stemmer

from graphtune.bench.benchmark import Benchmark
from graphtune.kg.names import fold_text
from graphtune.progress import track

LITERAL, OTHER = "query in passage", "query not in passage"
#: Letters of scripts that put no blanks between words (South East Asian, Chinese, Japanese), and
#: Korean syllables, which carry endings: each counts as a word.
_JOINED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
#: Signs that mean something of their own: "X ∪ Y" is not "X, Y".
_SIGNS = "+=<>\u2100-\u214f\u2190-\u22ff\u27c0-\u27ef\u2900-\u2aff"
_WORD = re.compile(rf"[{_JOINED}{_SIGNS}]|[^\W_{_JOINED}{_SIGNS}]+")


def label_strata(benchmark: Benchmark) -> Benchmark:
    """Say of each query whether one of its best passages (those of its highest grade) holds it.

    See `make_matcher` for what holding means.
    """
    contains = make_matcher()

    def find_stratum(query: str, text: str) -> str:
        grades = benchmark.qrels[query]
        best = max(grades.values())
        passages = (benchmark.documents[key] for key, grade in grades.items() if grade == best)
        return LITERAL if any(contains(passage, text) for passage in passages) else OTHER

    asked = track(benchmark.queries.items(), "words in common", "queries", len(benchmark.queries))
    strata = {query: find_stratum(query, text) for query, text in asked}
    return replace(benchmark, strata=strata)


def make_matcher() -> Callable[[str, str], bool]:
    """Return a test whether a passage (first) holds a text (second); it remembers what it has read.

    Words are compared by their English stems, in order and side by side. Case, accents, the kinds of
    dashes and quotes, and punctuation between words do not count, signs of formulas do. What has
    neither word nor sign is looked for as it stands.

    >>> contains = make_matcher()
    >>> contains("On Erdős–Rényi graphs.", "Erdos-Renyi graph"), contains("subgraphs", "graph")
    (True, False)
    """
    stemmer = Stemmer.Stemmer("english")

    @cache
    def stem(text: str) -> str:
        words = _WORD.findall(fold_text(text)[0])
        return f" {' '.join(stemmer.stemWords(words))} " if words else ""

    def contains(passage: str, text: str) -> bool:
        words = stem(text)
        return words in stem(passage) if words else text.strip() in passage

    return contains
