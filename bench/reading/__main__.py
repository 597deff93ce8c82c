"""The command line of the judge."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from graphtune.bench.reading.chunks import ChunkScore, list_asked, make_counter
from graphtune.bench.reading.corpus import find_pairs, read_raw_pages
from graphtune.bench.reading.hyphens import judge_hyphens
from graphtune.bench.reading.output import list_shares, render_json, render_rows
from graphtune.bench.reading.pages import PageScore, read_articles
from graphtune.bench.reading.splitters import make_semchunk, split_like_seed
from graphtune.bench.reading.structure import Score, judge_structure
from graphtune.chunking import load_token_spans, read_document, split_document
from graphtune.config import BaseConfig, ChunkingConfig
from graphtune.encoder import locate_tokenizer
from graphtune.progress import track

FOLDER = click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
MISSES = click.option("--misses", is_flag=True, help="List what was judged wrong.")


@click.group()
def judge() -> None:
    """Judge how the papers of a folder are read, against the .tex files beside them."""


def _find_tokenizer() -> Path:
    return locate_tokenizer(BaseConfig(model="minilm"), Path())


def _print(
    rows: Sequence[dict[str, Any]], extra: dict[str, Any], notes: list[str], as_json: bool
) -> None:
    """Print rows with what else was counted, and notes if there are any."""
    if as_json:
        click.echo(render_json({"rows": rows, **extra, "misses": notes}))
        return
    click.echo(render_rows(rows))
    for name, value in extra.items():
        click.echo(f"\n{name}: {value}")
    for note in notes:
        click.echo(f"- {note}")


@judge.command()
@FOLDER
@JSON
@MISSES
def structure(folder: Path, as_json: bool, misses: bool) -> None:
    """Statements, proofs, headings, references, hyphens, characters."""
    count = load_token_spans(_find_tokenizer())
    total = Score()
    for paper in track(find_pairs(folder), "structure", "papers"):
        document, truth = read_document(paper.pdf), paper.truth
        score = judge_structure(
            document, split_document(document, ChunkingConfig(max_tokens=256), count), truth
        )
        judge_hyphens(read_raw_pages(paper.pdf), document.text, truth.tokens, score)
        total.add(score, paper.pdf.stem)
    extra = {
        name: total.counts[name]
        for name in ("hyphens not judged", "control characters", "replacement characters",
                     "private characters")
    }  # fmt: skip
    _print(list_shares(total), extra, total.notes if misses else [], as_json)


@judge.command()
@FOLDER
@JSON
@MISSES
@click.option("--budget", "budgets", multiple=True, type=int, default=(512, 256))
def chunks(folder: Path, as_json: bool, misses: bool, budgets: tuple[int, ...]) -> None:
    """Whole statements and starts in mid-clause: graphtune, semchunk, the seed's splitter."""
    tokenizer = _find_tokenizer()
    spans = load_token_spans(tokenizer)
    count = make_counter(spans)
    scores = {
        (name, budget): ChunkScore() for budget in budgets for name in ("graphtune", "semchunk")
    }
    scores |= {("seed 1500/200", budget): ChunkScore() for budget in budgets[:1]}
    libraries = {budget: make_semchunk(tokenizer, budget) for budget in budgets}
    for paper in track(find_pairs(folder), "chunks", "papers"):
        document, pages, name = read_document(paper.pdf), read_raw_pages(paper.pdf), paper.pdf.stem
        raw = "\n".join(pages)
        asked = list_asked(paper.truth, raw, count)
        for (system, budget), score in scores.items():
            if system == "graphtune":
                cut = split_document(document, ChunkingConfig(max_tokens=budget), spans)
                texts, sizes = [c.text for c in cut], [count(c.passage) for c in cut]
            else:
                texts = libraries[budget](raw) if system == "semchunk" else split_like_seed(pages)
                sizes = [count(text) for text in texts]
            score.judge(name, asked, texts, sizes, budget)
    rows = [score.list_row(*key) for key, score in scores.items()]
    located = next(iter(scores.values())).counts["not located"]
    notes = [f"{budget}: {note}" for (system, budget), score in scores.items()
             if system == "graphtune" for note in score.notes]  # fmt: skip
    _print(
        rows, {"statements not located in the raw text": located}, notes if misses else [], as_json
    )


@judge.command()
@FOLDER
@JSON
@MISSES
def pages(folder: Path, as_json: bool, misses: bool) -> None:
    """Pages of chunks and reading order, on a folder with gold/articles.jsonl."""
    count = load_token_spans(_find_tokenizer())
    articles, score = read_articles(folder), PageScore()
    for paper in track(find_pairs(folder), "pages", "papers"):
        name, document = paper.pdf.stem, read_document(paper.pdf)
        score.judge_pages(
            name, split_document(document, ChunkingConfig(max_tokens=256), count), articles[name]
        )
        score.judge_order(name, document.text, articles[name], paper.truth.is_two_column)
    rows = score.list_rows()
    worst = sorted(score.orders.items(), key=lambda item: item[1])[:5]
    extra = {
        "chunks that hold no article": score.counts["not judged"],
        "worst order": ", ".join(f"{name} {share:.3f}" for name, share in worst),
    }
    _print(rows, extra, score.notes if misses else [], as_json)


@judge.command()
@FOLDER
@JSON
@click.option("--processes", type=int, help="Worker processes (default: processors).")
@click.option("--rounds", type=int, default=3, show_default=True)
def speed(folder: Path, as_json: bool, processes: int | None, rounds: int) -> None:
    """Pages a second beside the library alone, in turn."""
    from graphtune.bench.reading.speed import measure_speed

    _print(measure_speed(folder, _find_tokenizer(), processes, rounds), {}, [], as_json)


@judge.command()
@FOLDER
@JSON
@click.option("--pages", "number", type=int, default=2000, show_default=True)
def memory(folder: Path, as_json: bool, number: int) -> None:
    """Peak memory for one very long PDF."""
    from graphtune.bench.reading.speed import measure_memory

    _print([measure_memory(folder, _find_tokenizer(), number)], {}, [], as_json)


if __name__ == "__main__":
    judge(prog_name="python -m graphtune.bench.reading")
