"""Commands that measure and use a model: bench, search."""

from dataclasses import asdict
from pathlib import Path

import click

from graphtune.cli.common import Outcome, command


def bench(
    workspace: Path,
    models: tuple[str, ...],
    beir: tuple[Path, ...],
    splits: tuple[str, ...],
    export: Path | None,
    compare: tuple[Path, ...],
    out: Path | None,
    show_all: bool,
    rerankers: tuple[str, ...],
) -> Outcome:
    r"""Compare the base, the trained models and any MODEL, alone and fused with BM25.

    A MODEL is a hub id, a folder, specter2, scincl, text-embedding-3-small (or -large, ada-002), or
    openai:NAME at any endpoint that speaks OpenAI's protocol. BM25, random order and a perfect order
    stand beside them. What cannot run here is listed with the reason.

    With --export-beir nothing is measured: the graph's own queries are written for other tools.

    \b
    Example: graphtune bench -w papers-ws BAAI/bge-small-en-v1.5 --beir my-benchmark
             graphtune bench -w papers-ws --out later --compare papers-ws/results/graph
             graphtune bench -w papers-ws --export-beir papers-beir
    """
    from graphtune.measuring import BenchRequest, bench_workspace, export_workspace
    from graphtune.workspace import open_workspace

    opened = open_workspace(workspace)
    if export:
        if models or beir or rerankers or compare or out:
            raise click.UsageError(
                "--export-beir measures nothing: leave out MODEL, --rerank, --beir, --compare and --out"
            )
        data = export_workspace(opened, export)
        counts = ", ".join(f"{name} {count:,}" for name, count in data["splits"].items())
        return Outcome(data, f"{export}: {data['documents']:,} documents; queries: {counts}")
    if splits != ("test",) and not beir:
        raise click.UsageError("--split chooses queries of a BEIR folder: name it by --beir")
    request = BenchRequest(models, rerankers, beir, splits, compare, out, show_all)
    results = bench_workspace(opened, request)
    tables = [f"{result.table}\nreport: {result.folder}" for result in results]
    return Outcome({"benchmarks": [result.data for result in results]}, "\n\n".join(tables))


def search(
    workspace: Path, query: str, k: int, papers: bool, model: str | None, reranker: str | None
) -> Outcome:
    r"""Find the best chunks, or papers, for a query.

    \b
    Example: graphtune search -w papers-ws "sum over standard tableaux" -k 5
             graphtune search -w papers-ws "Pieri rule" --rerank math-answers/answers
    """
    from graphtune.measuring import search_workspace
    from graphtune.workspace import open_workspace

    hits = search_workspace(open_workspace(workspace), query, k, papers, model, reranker)
    lines = []
    for hit in hits:
        pages = f"p. {hit.page_start}" + (
            f"–{hit.page_end}" if hit.page_end > hit.page_start else ""
        )
        lines.append(f"{hit.rank:2}. {hit.score:.3f}  {hit.title} · {hit.section or '–'} · {pages}")
        if not papers:
            lines.append(f"      {' '.join(hit.text.split())[:200]}")
    return Outcome({"query": query, "hits": [asdict(hit) for hit in hits]}, "\n".join(lines))


def add_measure_commands(group: click.Group) -> None:
    """Register the commands of this file."""
    models = click.argument("models", nargs=-1, metavar="[MODEL…]")
    beir = click.option(
        "--beir",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Folder with corpus.jsonl, queries.jsonl and qrels/; can be given several times.",
    )
    splits = click.option(
        "--split",
        "splits",
        multiple=True,
        default=("test",),
        show_default=True,
        help="Which qrels/SPLIT.tsv; can be given several times.",
    )
    compare = click.option(
        "--compare",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Earlier results (a folder) on the same data; can be given several times.",
    )
    out = click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        help="Write the reports here (default: results/ of the workspace).",
    )
    show_all = click.option("--all", "show_all", is_flag=True, help="Print all rows.")
    export = click.option(
        "--export-beir",
        "export",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Write the graph's own queries as a new BEIR folder.",
    )
    rerank = click.option(
        "--rerank",
        "rerankers",
        multiple=True,
        metavar="MODEL",
        help="Cross-encoder (hub id or folder) that reranks the base's hybrid; several times.",
    )
    command(group)(models(rerank(beir(splits(export(compare(out(show_all(bench)))))))))
    _add_search(group)


def _add_search(group: click.Group) -> None:
    query = click.argument("query")
    k = click.option("-k", type=click.IntRange(1), default=10, show_default=True, help="How many.")
    papers = click.option("--papers", is_flag=True, help="Rank papers instead of chunks.")
    model = click.option("--model", help="Hub id or folder (default: the best trained model).")
    reread = click.option(
        "--rerank",
        "reranker",
        metavar="MODEL",
        help="Cross-encoder (hub id or folder) that reads the first answers again.",
    )
    command(group)(query(k(papers(model(reread(search))))))
