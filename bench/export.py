"""Writing a benchmark in the BEIR layout, for other tools and to publish (see `graphtune.bench.beir`)."""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from graphtune.bench.benchmark import UNLABELLED, UNSEEN, Benchmark
from graphtune.errors import DataError
from graphtune.files import write_text
from graphtune.pairs.queries import find_style

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def write_beir(benchmark: Benchmark, folder: Path) -> dict[str, int]:
    """Write `corpus.jsonl`, `queries.jsonl` and a file of judgements for each group of queries.

    `qrels/test.tsv` repeats the first group, such as `held-out`. The metadata of a query say its
    concepts, group, style (name, alias or description) and stratum; `excluded_ids` are documents to
    leave out of its ranking. Tiers are not written. Whitespace, % and quotation marks in ids are
    percent-encoded, lone surrogates, which UTF-8 cannot hold, are replaced by U+FFFD. Same
    benchmark, same bytes; the folder appears whole or not at all.

    Returns:
        The number of queries of each split.

    Raises:
        DataError: there is a folder of that name that is not empty, or none to put it in.
    """
    target = folder.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"{folder} exists already and is not empty: remove it or name a new folder")
    if not target.parent.is_dir():
        raise DataError(f"the folder {target.parent} does not exist; make it first")
    splits = _list_splits(benchmark)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        (partial / "qrels").mkdir(parents=True)
        write_text(partial / "corpus.jsonl", _render_lines(_list_documents(benchmark)))
        write_text(partial / "queries.jsonl", _render_lines(_list_queries(benchmark)))
        for name, queries in splits.items():
            write_text(partial / "qrels" / f"{name}.tsv", _render_qrels(benchmark, queries))
        if target.exists():
            target.rmdir()
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return {name: len(queries) for name, queries in splits.items()}


def _list_splits(benchmark: Benchmark) -> dict[str, list[str]]:
    """Return the queries of each group, in the order of the benchmark; `test` are the unseen ones'."""
    splits: dict[str, list[str]] = {}
    for query in benchmark.queries:
        group = benchmark.groups.get(query, UNLABELLED)
        splits.setdefault(group.replace(" ", "-"), []).append(query)
    first = next((name for name in (UNSEEN[0], UNLABELLED) if name in splits), None)
    return {**splits, **({"test": splits[first]} if first else {})}


def _list_documents(benchmark: Benchmark) -> Iterator[dict[str, object]]:
    for document, text in benchmark.documents.items():
        yield {"_id": _encode_id(document), "title": "", "text": text}


def _list_queries(benchmark: Benchmark) -> Iterator[dict[str, object]]:
    for query, text in benchmark.queries.items():
        metadata = {
            "concepts": benchmark.concepts.get(query, ()),
            "group": benchmark.groups.get(query, UNLABELLED),
            "style": find_style(query),
            "stratum": benchmark.strata.get(query, ""),
            "excluded_ids": [_encode_id(key) for key in benchmark.excluded.get(query, ())],
        }
        yield {"_id": _encode_id(query), "text": text, "metadata": metadata}


def _render_lines(rows: Iterable[dict[str, object]]) -> str:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return _LONE_SURROGATE.sub("\ufffd", text)


def _render_qrels(benchmark: Benchmark, queries: Iterable[str]) -> str:
    lines = ["query-id\tcorpus-id\tscore"]
    for query in queries:
        for document, grade in sorted(benchmark.qrels[query].items()):
            lines.append(f"{_encode_id(query)}\t{_encode_id(document)}\t{grade}")
    return _LONE_SURROGATE.sub("\ufffd", "\n".join(lines) + "\n")


def _encode_id(identifier: str) -> str:
    # Readers of tab-separated files may take quotation marks for their own.
    return re.sub(r"[\s%\"]", lambda match: quote(match[0]), identifier)
