"""Damaged copies of good PDFs, and a check that none of them is taken for whole.

    python tests/mutants.py make FOLDER OUT --n 400 --seed 0
    python tests/mutants.py check FOLDER OUT

A mutant may be read as "ok" only where at least 95 % of the original's letters came out.
"""

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import click

from graphtune.chunking import read_papers
from graphtune.config import BaseConfig, ChunkingConfig, ReadingConfig
from graphtune.encoder import locate_tokenizer
from graphtune.progress import track
from graphtune.records import Reading

LEAST_SHARE = 0.95


def truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: int(len(data) * chance.uniform(0.1, 0.99))]


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 50)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def zero_block(data: bytes, chance: random.Random) -> bytes:
    size = min(chance.choice((512, 2048, 8192, 32768)), len(data) // 4)
    start = chance.randrange(len(data) - size)
    return data[:start] + bytes(size) + data[start + size :]


def convert_lines(data: bytes, chance: random.Random) -> bytes:
    return data.replace(b"\n", b"\r\n")


def prepend_junk(data: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.randint(1, 4000)) + data


KINDS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated": truncate,
    "flipped": flip_bits,
    "zeroed": zero_block,
    "crlf": convert_lines,
    "junk": prepend_junk,
}


def make_mutant(data: bytes, kind: str, chance: random.Random) -> bytes:
    """Damage a file; `kind` names what is done to it, joined by "+"."""
    for part in kind.split("+"):
        data = KINDS[part](data, chance)
    return data


def count_letters(text: str) -> Counter[str]:
    return Counter(filter(str.isalpha, text))


def measure_share(original: Reading, mutant: Reading) -> float:
    """Return the share of the original's letters that the mutant has."""
    if not original.document or not mutant.document:
        return 0.0
    wanted = count_letters(original.document.text)
    return (wanted & count_letters(mutant.document.text)).total() / max(1, wanted.total())


@click.group(help=__doc__)
def main() -> None:
    """Group the two commands."""


@main.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--n", "number", default=400, help="Mutants to make.")
@click.option("--seed", default=0)
def make(folders: tuple[Path, ...], out: Path, number: int, seed: int) -> None:
    """Make damaged copies of the PDFs under FOLDERS."""
    originals = list_pdfs(folders)
    chance = random.Random(seed)
    kinds = list(KINDS)
    pairs = [f"{a}+{b}" for a in kinds for b in kinds if a != b]
    out.mkdir(parents=True, exist_ok=True)
    for index in range(number):
        place = index % (len(kinds) + 1)
        kind = kinds[place] if place < len(kinds) else chance.choice(pairs)
        original = chance.choice(originals)
        data = make_mutant(original.read_bytes(), kind, chance)
        (out / f"{index:04}.{kind}.{original.name}").write_bytes(data)


def list_pdfs(folders: tuple[Path, ...]) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.pdf"))


@main.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.argument("mutants", type=click.Path(path_type=Path, exists=True))
def check(folders: tuple[Path, ...], mutants: Path) -> None:
    """Read all MUTANTS and compare them with their originals under FOLDERS."""
    originals = {path.name: path for path in list_pdfs(folders)}
    damaged = list_pdfs((mutants,))
    start = perf_counter()
    whole = {Path(r.path).name: r for r in read_all(list(originals.values()))}
    readings = read_all(damaged)
    click.echo(f"{len(whole)} originals {Counter(r.status for r in whole.values())}")
    table: dict[str, Counter[str]] = defaultdict(Counter)
    bad = []
    for reading in readings:
        _, kind, name = Path(reading.path).name.split(".", 2)
        share = measure_share(whole[name], reading)
        table["combined" if "+" in kind else kind][reading.status] += 1
        if reading.status == "crash" or (reading.status == "ok" and share < LEAST_SHARE):
            bad.append(f"{reading.status} {share:.3f} {reading.path} {reading.message}")
        elif reading.status == "degraded" and share == 1:
            table["combined" if "+" in kind else kind]["(degraded, yet all letters)"] += 1
    for kind, statuses in sorted(table.items()):
        click.echo(f"{kind:10} {dict(statuses.most_common())}")
    click.echo("\n".join([*bad, f"{len(bad)} violations; {perf_counter() - start:.0f} s"]))
    sys.exit(bool(bad) or len(readings) != len(damaged))


def read_all(paths: list[Path]) -> list[Reading]:
    with TemporaryDirectory() as cache:
        tokenizer = locate_tokenizer(BaseConfig(model="minilm"), Path(cache))
        limits = ReadingConfig(wall_seconds=60)
        with closing(read_papers(paths, limits, ChunkingConfig(), tokenizer)) as readings:
            return list(track(readings, "reading", "files", len(paths)))


if __name__ == "__main__":
    main()
