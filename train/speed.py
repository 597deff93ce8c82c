"""Speed and memory of training, as ratios to a plain sentence-transformers script in the same run.

    python -m graphtune.train.speed papers-ws --steps 30
    python -m graphtune.train.speed papers-ws --steps 200 --curve 20 --out curves

All ways train on the same pairs with the same model, batch size and length, in turns, each in a
process of its own.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import click
from tabulate import tabulate

from graphtune.config import BaseConfig
from graphtune.errors import DataError, GraphtuneError
from graphtune.files import read_record, write_record, write_text
from graphtune.pairs import read_pairs
from graphtune.records import Pair
from graphtune.train.measured import WAYS, Job, Measured, Way
from graphtune.train.panels import draw_panels
from graphtune.train.selection import DevSet
from graphtune.tuning_config import TrainConfig
from graphtune.workspace import open_workspace

#: Concepts whose pairs are held out for a curve, and the most that is searched and asked.
_HELD_OUT, _QUERIES, _PASSAGES = 0.1, 200, 500


def read_source(path: Path, recipe: str | None) -> tuple[list[Pair], BaseConfig, Path | None]:
    """Return the pairs of a workspace or of a file, the base, and the workspace's graph if any.

    Raises:
        DataError: there are no pairs, or a line of the file is none.
        WorkspaceError: a folder is no workspace.
    """
    if path.is_dir():
        workspace = open_workspace(path)
        pairs, _ = read_pairs(workspace.pairs, recipe or workspace.config.pairs.recipe)
        return pairs, workspace.config.base, workspace.database
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        pairs = [Pair(**json.loads(line)) for line in lines if line]
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{path} is no file of pairs as `graphtune pairs` writes it: {error}"
        ) from error
    return pairs, BaseConfig(model="minilm"), None


def hold_out(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], DevSet]:
    """Take the pairs of some concepts away and return the rest, and their anchors as queries.

    What is searched are the positives of these pairs, and others up to a number.

    >>> pairs = [Pair(f"n{i}", f"p{i}", "name", f"c{i}", f"k{i}", "d") for i in range(30)]
    >>> rest, dev = hold_out(pairs, seed=0)
    >>> len(rest), len(dev.queries), len(dev.passages)
    (27, 3, 30)
    """
    random = Random(seed)
    concepts = sorted({pair.concept_id for pair in pairs})
    chosen = set(random.sample(concepts, max(1, round(_HELD_OUT * len(concepts)))))
    held = [pair for pair in pairs if pair.concept_id in chosen]
    anchors = {pair.anchor for pair in held}
    rest = [p for p in pairs if p.concept_id not in chosen and p.anchor not in anchors]
    asked = set(random.sample(sorted(anchors), min(_QUERIES, len(anchors))))
    qrels: defaultdict[str, dict[str, int]] = defaultdict(dict)
    passages: dict[str, str] = {}
    for pair in held:
        if pair.anchor in asked:
            qrels[pair.anchor][pair.positive] = 1
            passages[pair.positive] = pair.positive
    others = sorted({pair.positive for pair in pairs} - passages.keys())
    more = max(0, min(len(others), _PASSAGES - len(passages)))
    passages |= {text: text for text in random.sample(others, more)}
    return rest, DevSet({anchor: anchor for anchor in qrels}, passages, dict(qrels))


def draw_pairs(pairs: Sequence[Pair], number: int, seed: int) -> tuple[Pair, ...]:
    """Draw pairs that all ways meet once; their weights are set aside.

    Raises:
        DataError: there are too few.
    """
    if number > len(pairs):
        raise DataError(
            f"{number} pairs are needed for so many steps, and there are {len(pairs)}: "
            "ask for fewer --steps or a smaller --batch-size"
        )
    return tuple(
        replace(pair, weight=1.0, negative="", negative_id="")
        for pair in Random(seed).sample(list(pairs), number)
    )


def run_job(job: Job) -> Measured:
    """Run a training in a process of its own.

    Raises:
        DataError: it failed; what it printed stands on standard error.
    """
    with TemporaryDirectory() as folder:
        asked, found = Path(folder) / "job.json", Path(folder) / "result.json"
        write_record(asked, job)
        command = [sys.executable, "-m", "graphtune.train.measured", str(asked), str(found)]
        done = subprocess.run(command, stdout=sys.stderr, check=False)
        if done.returncode:
            raise DataError(f"training the way {job.way!r} ended with code {done.returncode}")
        return read_record(found, Measured)


def run_rounds(job: Job, rounds: int, ways: Sequence[Way]) -> Iterator[list[Measured]]:
    """Yield what each way takes, round by round, in turns: other work on the machine slows all alike."""
    for number in range(rounds):
        seeded = job.model_copy(update={"seed": job.seed + number})
        yield [run_job(seeded.model_copy(update={"way": way})) for way in ways]


def tell_rates(rounds: Sequence[Sequence[Measured]]) -> list[dict[str, Any]]:
    """Return a row a way: its median rate, and its ratios to each of the other ways round by round."""
    rows = []
    for ours in zip(*rounds, strict=True):
        row: dict[str, Any] = {
            "way": ours[0].way,
            "pairs_per_second": median(one.rate for one in ours),
            "setup_seconds": median(one.setup for one in ours),
            "peak_gib": max(one.peak for one in ours),
            "before_gib": max(one.before for one in ours),
            "ratios": {},
        }
        for theirs in zip(*rounds, strict=True):
            if theirs[0].way != ours[0].way:
                ratios = [a.rate / b.rate for a, b in zip(ours, theirs, strict=True)]
                spread = (median(ratios), min(ratios), max(ratios))
                row["ratios"][theirs[0].way] = spread
        rows.append(row)
    return rows


def render_rates(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table: ratios are medians, with the range over the rounds."""
    shown = [
        [
            row["way"],
            f"{row['pairs_per_second']:.1f}",
            *(_render_ratio(row["ratios"].get(way)) for way in WAYS[:2]),
            f"{row['setup_seconds']:.1f}",
            f"{row['peak_gib']:.2f} ({row['before_gib']:.2f} before)",
        ]
        for row in rows
    ]
    head = ["way", "pairs/s", *(f"to {way}" for way in WAYS[:2]), "setup s", "peak GiB"]
    return tabulate(shown, head, tablefmt="pipe", disable_numparse=True)


def _render_ratio(spread: tuple[float, float, float] | None) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(*spread) if spread else "–"


def write_curves(measured: Sequence[Measured], folder: Path) -> None:
    """Write `curves.json` and `curves.svg`: the development figure by steps and by seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    data = [one.model_dump() for one in measured]
    write_text(folder / "curves.json", json.dumps(data, indent=1) + "\n")
    by_step = {str(one.way): [(float(p.step), p.ndcg) for p in one.points] for one in measured}
    by_time = {str(one.way): [(p.seconds, p.ndcg) for p in one.points] for one in measured}
    panels = {"optimizer steps": by_step, "seconds of training": by_time}
    write_text(
        folder / "curves.svg", draw_panels(panels, "development NDCG@10, mean of dimensions")
    )


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option("--steps", default=30, show_default=True, help="Optimizer steps of each training.")
@click.option("--rounds", default=3, show_default=True, help="Trainings of each way, in turns.")
@click.option("--batch-size", default=TrainConfig().batch_size, show_default=True)
@click.option("--max-seq-length", default=TrainConfig().max_seq_length, show_default=True)
@click.option("--model", help="The base (default: the workspace's, else minilm).")
@click.option("--recipe", help="Which pairs (default: the workspace's recipe).")
@click.option("--way", "ways", type=click.Choice(WAYS), multiple=True, help="Only these ways.")
@click.option(
    "--curve", type=int, help="Train once each way, with a development figure every K steps."
)
@click.option("--out", type=click.Path(path_type=Path), default="curves", show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def main(
    source: Path,
    steps: int,
    rounds: int,
    batch_size: int,
    max_seq_length: int,
    model: str | None,
    recipe: str | None,
    ways: tuple[Way, ...],
    curve: int | None,
    out: Path,
    seed: int,
    as_json: bool,
) -> None:
    r"""Time training on the pairs of SOURCE: a workspace, or a JSONL file of pairs.

    \b
    Example: python -m graphtune.train.speed papers-ws --steps 30
             python -m graphtune.train.speed papers-ws --steps 200 --curve 20 --out curves
    """
    try:
        pairs, base, graph = read_source(source, recipe)
        base = BaseConfig(model=model) if model else base
        dev = None
        if curve:
            pairs, dev = hold_out(pairs, seed)
        job = Job(
            way="plain",
            base=base,
            settings=TrainConfig(epochs=1, batch_size=batch_size, max_seq_length=max_seq_length),
            seed=seed,
            pairs=draw_pairs(pairs, steps * batch_size, seed),
            graph=graph,
            dev=dev,
            every=curve or 0,
        )
        measured = list(run_rounds(job, 1 if curve else rounds, ways or WAYS))
    except GraphtuneError as error:
        raise click.ClickException(str(error)) from error
    rows = tell_rates(measured)
    if curve:
        write_curves(measured[0], out)
    click.echo(json.dumps(rows) if as_json else render_rates(rows))
    if curve and not as_json:
        for one in measured[0]:
            first, last = one.points[0], one.points[-1]
            click.echo(f"{one.way}: development NDCG@10 {first.ndcg:.3f} → {last.ndcg:.3f}")


if __name__ == "__main__":
    main()
