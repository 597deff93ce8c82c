"""Measures of a run over judged documents alone: P′@10, MAP′ and nDCG′ of ARQMath.

    python -m graphtune.bench.judged qrels.txt run.txt

Documents that nobody judged are taken out of the run first (Sakai, SIGIR 2007): a new system is not
punished for answers that no assessor saw.
"""

import json
from pathlib import Path

import click
import ir_measures
from tabulate import tabulate

from graphtune.errors import DataError
from graphtune.metrics import Qrels, Run

#: From this grade on an answer counts in P′@10 and MAP′, where nothing else is said: ARQMath's rule.
RELEVANT = 2


def drop_unjudged(qrels: Qrels, run: Run) -> Run:
    """Return a run with judged documents alone, in the same order.

    >>> drop_unjudged({"q": {"a": 0, "b": 3}}, {"q": [("x", 3.0), ("b", 2.0), ("a", 1.0)]})
    {'q': [('b', 2.0), ('a', 1.0)]}
    """
    return {
        query: [(document, score) for document, score in hits if document in qrels.get(query, {})]
        for query, hits in run.items()
    }


def score_judged(qrels: Qrels, run: Run, relevant: int = RELEVANT) -> dict[str, float]:
    """Return P′@10, MAP′ and nDCG′, means over all judged queries; one that is not answered counts 0.

    nDCG′ takes grades as gains over the whole ranking; for the others an answer of grade `relevant` is
    right.

    Raises:
        DataError: there are no judged queries.

    >>> run = {"q": [("unjudged", 3.0), ("good", 2.0), ("bad", 1.0)]}
    >>> score_judged({"q": {"good": 3, "bad": 0}}, run)
    {'P′@10': 0.1, 'MAP′': 1.0, 'nDCG′': 1.0}
    """
    if not qrels:
        raise DataError(
            "there are no judged queries: see that the judgements are those of this run"
        )
    measures = {
        "P′@10": ir_measures.P(rel=relevant) @ 10,
        "MAP′": ir_measures.AP(rel=relevant),
        "nDCG′": ir_measures.nDCG,
    }
    judged = {
        query: {document: float(-place) for place, (document, _) in enumerate(hits)}
        for query, hits in drop_unjudged(qrels, run).items()
    }
    graded = {query: dict(grades) for query, grades in qrels.items()}
    found = ir_measures.calc_aggregate(measures.values(), graded, judged)
    return {name: float(found[measure]) for name, measure in measures.items()}


def read_run(path: Path) -> Run:
    """Read a run in the format of TREC, plain or packed (.gz), best answers first.

    Raises:
        DataError: the file cannot be read, or is no run.
    """
    run: dict[str, list[tuple[str, float]]] = {}
    try:
        for row in ir_measures.read_trec_run(str(path)):  # type: ignore[no-untyped-call]
            run.setdefault(row.query_id, []).append((row.doc_id, row.score))
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{path} is no run in the format of TREC: {error}") from error
    return {query: sorted(hits, key=lambda hit: -hit[1]) for query, hits in run.items()}


def read_qrels(path: Path) -> Qrels:
    """Read judgements in the format of TREC, plain or packed (.gz).

    Raises:
        DataError: the file cannot be read, or holds no judgements.
    """
    qrels: dict[str, dict[str, int]] = {}
    try:
        for row in ir_measures.read_trec_qrels(str(path)):  # type: ignore[no-untyped-call]
            qrels.setdefault(row.query_id, {})[row.doc_id] = row.relevance
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{path} holds no judgements in the format of TREC: {error}") from error
    return qrels


@click.command()
@click.argument("qrels", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--relevant", default=RELEVANT, show_default=True, help="Least grade that is right.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def main(qrels: Path, runs: tuple[Path, ...], relevant: int, as_json: bool) -> None:
    r"""Measure RUNS by QRELS, both in the format of TREC, over judged documents alone.

    \b
    Example: python -m graphtune.bench.judged qrels.txt bm25.txt reranked.txt
    """
    try:
        judgements = read_qrels(qrels)
        rows = [
            {"run": run.name, **score_judged(judgements, read_run(run), relevant)} for run in runs
        ]
    except DataError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        json.dumps(rows, ensure_ascii=False)
        if as_json
        else tabulate(rows, headers="keys", tablefmt="pipe", floatfmt=".3f")
    )


if __name__ == "__main__":
    main()
