"""Speed of search and of encoding, as ratios to what the machine gives in the same run."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import click
import numpy as np

from graphtune import nearest
from graphtune.encoder import Vectors, encode_texts, load_encoder

_GOLD = Path(__file__).parent.parent / "data" / "sample" / "gold"


@click.command()
@click.option("--queries", default=5_000, show_default=True)
@click.option("--documents", default=1_000_000, show_default=True)
@click.option("--dim", default=384, show_default=True)
@click.option("-k", default=100, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Searches, each beside bare products.")
@click.option("--seed", default=1, show_default=True)
def search(queries: int, documents: int, dim: int, k: int, rounds: int, seed: int) -> None:
    """Search random unit vectors exactly: time as a ratio to the bare products, and peak memory."""
    with TemporaryDirectory() as folder:
        generator = np.random.default_rng(seed)
        for name, number in (("queries", queries), ("documents", documents)):
            _save_vectors(Path(folder) / f"{name}.npy", (number, dim), generator)
        command = [sys.executable, "-m", __name__, folder, str(k), str(rounds)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured = json.loads(done)
    ratios = [ours / bare for ours, bare in zip(measured["ours"], measured["bare"], strict=True)]
    click.echo(f"{queries:,} queries, {documents:,} documents, {dim} numbers each, top {k}")
    click.echo(f"search: median {median(measured['ours']):.1f} s")
    click.echo(f"bare products: median {median(measured['bare']):.1f} s")
    spread = f"{min(ratios):.2f} to {max(ratios):.2f} in {rounds} rounds"
    click.echo(f"ratio: median {median(ratios):.2f} ({spread})")
    click.echo(
        f"peak memory: {measured['peak']:.2f} GiB, {measured['before']:.2f} before searching"
    )


def _save_vectors(path: Path, shape: tuple[int, int], generator: np.random.Generator) -> None:
    saved = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    for start in range(0, shape[0], 1 << 14):
        rows = saved[start : start + (1 << 14)]
        generator.standard_normal(out=(drawn := np.empty_like(rows)), dtype=np.float32)
        rows[:] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def measure_search(folder: Path, k: int, rounds: int) -> dict[str, Any]:
    """Return seconds of the searches and of the bare products, and the process's memory in GiB.

    The memory is that of the first search, so call this in a process of its own.
    """
    queries, documents = (np.load(folder / f"{name}.npy") for name in ("queries", "documents"))
    ids = [f"d{number:09}" for number in range(len(documents))]
    before, peak = _read_peak(), 0.0
    ours, bare = [], []
    for _ in range(rounds):
        began = perf_counter()
        nearest.search_exact(queries, documents, ids, k)
        ours.append(perf_counter() - began)
        peak = peak or _read_peak()
        began = perf_counter()
        multiply_blocks(queries, documents)
        bare.append(perf_counter() - began)
    return {"ours": ours, "bare": bare, "before": before, "peak": peak}


def multiply_blocks(queries: Vectors, documents: Vectors) -> None:
    """Compute all products in the blocks of `search_exact`, and forget them."""
    for rows, step in nearest.split_queries(len(queries)):
        part = queries[rows]
        tile = np.empty((len(part), step), dtype=np.float32)
        for start in range(0, len(documents), step):
            block = documents[start : start + step]
            np.matmul(part, block.T, out=tile if len(block) == step else None)


def _read_peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path, exists=True), default=_GOLD)
@click.option("--model", default="minilm", show_default=True)
@click.option("--texts", default=400, show_default=True, help="Passages, drawn with the seed.")
@click.option("--rounds", default=3, show_default=True, help="Encodings in each of both ways.")
@click.option("--seed", default=1, show_default=True)
def encode(corpus: Path, model: str, texts: int, rounds: int, seed: int) -> None:
    """Encode passages of a BEIR folder or corpus.jsonl: speed as a ratio to the library's defaults."""
    from graphtune.config import BaseConfig

    path = corpus / "corpus.jsonl" if corpus.is_dir() else corpus
    lines = path.read_text(encoding="utf-8").splitlines()
    drawn = np.random.default_rng(seed).permutation(len(lines))[:texts]
    rows = [json.loads(lines[place]) for place in drawn]
    passages = [f"{row.get('title', '')} {row['text']}".strip() for row in rows]
    encoder = load_encoder(BaseConfig(model=model))
    ratios, seconds = [], []
    for _ in range(rounds):
        began = perf_counter()
        theirs = np.asarray(encoder.encode(passages, show_progress_bar=False), dtype=np.float32)
        between = perf_counter()
        ours = encode_texts(encoder, passages, "document")
        seconds.append(perf_counter() - between)
        ratios.append((between - began) / seconds[-1])
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    distance = float((1 - (ours * theirs).sum(axis=1) / lengths).max())
    click.echo(
        f"{len(passages)} passages of {path}: {len(passages) / median(seconds):.1f} a second"
    )
    spread = f"{min(ratios):.2f} to {max(ratios):.2f} in {rounds} rounds"
    click.echo(
        f"speed as a ratio to SentenceTransformer.encode: median {median(ratios):.2f} ({spread})"
    )
    click.echo(f"largest cosine distance between both: {distance:.1e}")


if __name__ == "__main__":
    print(json.dumps(measure_search(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
