"""Strata of queries by lexical overlap: whether the query stands in what answers it.

Where it does, matching the string is enough, and BM25 is an oracle; the other stratum tells more.
"""

import re
from dataclasses import replace

import Stemmer

from graphtune.bench.benchmark import Benchmark

LITERAL, OTHER = "query in passage", "query not in passage"


def label_strata(benchmark: Benchmark) -> Benchmark:
    """Say of each query whether one of its best passages (those of its highest grade) holds it.

    Words are compared by their stems, in order; punctuation does not count.
    """
    stemmer = Stemmer.Stemmer("english")

    def stem(text: str) -> str:
        words = re.findall(r"\w+", text.lower())
        return f" {' '.join(stemmer.stemWords(words))} "

    passages = {document: stem(text) for document, text in benchmark.documents.items()}

    def find_stratum(query: str) -> str:
        grades, asked = benchmark.qrels[query], stem(benchmark.queries[query])
        best = max(grades.values())
        holds = any(asked in passages[key] for key, grade in grades.items() if grade == best)
        return LITERAL if holds else OTHER

    return replace(benchmark, strata={query: find_stratum(query) for query in benchmark.queries})
