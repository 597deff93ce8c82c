"""Time and memory of `graphtune pairs` on a made-up graph that gives a million pairs.

python -m graphtune.pairs.scale --pairs 1000000 --recipe seed
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

import click

from graphtune.config import Config
from graphtune.kg.ontology import load_ontology
from graphtune.kg.store import GraphStore
from graphtune.pairs.files import read_card
from graphtune.records import Chunk, Concept, Document, Mention, Reading, Relation, Role, Unit
from graphtune.workspace import Workspace, init_workspace

#: Words of a chunk, chunks of a paper.
_WORDS, _CHUNKS = 160, 100
_ROLES: tuple[Role, ...] = ("defines", "states", "states", "uses", "mentions")


def fill_workspace(root: Path, pairs: int, seed: int) -> Workspace:
    """Make a workspace whose graph gives about that many pairs, by the seed's recipe and by evidence.

    A concept has a name, an alias, a description and 32 mentions in about as many papers; a chunk of
    some thousand characters serves twenty pairs.
    """
    random = Random(seed)
    words = ["".join(random.choices("aeioulnrst", k=random.randint(3, 9))) for _ in range(20_000)]
    names = dict.fromkeys(" ".join(random.sample(words, 2)) for _ in range(pairs // 28))
    chunks = list(_make_chunks(random, words, pairs // 20))
    concepts = [
        Concept(name, name, "object", " ".join(random.choices(words, k=12)), (f"{name} of n",))
        for name in names
    ]
    mentions = {
        (concept.id, random.choice(chunks).id): random.choice(_ROLES)
        for concept in concepts
        for _ in range(32)
    }
    kinds = list(load_ontology().relations)
    relations = [
        Relation(
            one.id,
            random.choice(kinds),
            random.choice(concepts).id,
            "rules",
            random.choice(chunks).id,
        )
        for one in concepts
    ]
    workspace = init_workspace(root, Config())
    with GraphStore(workspace.database) as store:
        rest = iter(chunks)
        while own := tuple(islice(rest, _CHUNKS)):
            key = own[0].document_id
            document = Document(key, key, key, "txt", f"Paper {key}", "")
            store.save_reading(Reading(key, "ok", "", document, own), key, "made up")
        placed = [
            Mention(concept, chunk, 0, 9, role)
            for (concept, chunk), role in sorted(mentions.items())
        ]
        store.replace_graph(concepts, placed, relations, {})
    return workspace


def _make_chunks(random: Random, words: list[str], number: int) -> Iterator[Chunk]:
    for index in range(number):
        text = " ".join(random.choices(words, k=_WORDS))
        units = (Unit(0, len(text), "text", 0),)
        paper, position = divmod(index, _CHUNKS)
        yield Chunk(
            f"c{index:07}", f"d{paper:05}", position, text, 0, len(text), f"{position} Title",
            1, 1, 250, units=units,
        )  # fmt: skip


def time_command(*words: str) -> tuple[float, float]:
    """Run a graphtune command and return its seconds and its peak of memory in MiB."""
    code = "from graphtune.cli import main; main()"
    began = perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise click.ClickException(f"graphtune {' '.join(words)} failed")
    return perf_counter() - began, used.ru_maxrss / 1024


@click.command()
@click.option("--pairs", default=1_000_000, show_default=True, help="About how many pairs.")
@click.option("--recipe", default="seed", show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "-w", "--workspace", type=click.Path(path_type=Path), help="Keep it here, or reuse it."
)
def measure(pairs: int, recipe: str, seed: int, workspace: Path | None) -> None:
    """Measure making pairs, finding them unchanged, and certifying them, each as a command."""
    with TemporaryDirectory() as scratch:
        root = workspace or Path(scratch) / "ws"
        if not root.exists():
            fill_workspace(root, pairs, seed)
        for title, option in (("made", "--force"), ("unchanged", None), ("certified", "--check")):
            words = ["pairs", "-w", str(root), "--recipe", recipe, *filter(None, [option])]
            seconds, peak = time_command(*words)
            number = read_card(root / "pairs", recipe).pairs
            click.echo(
                f"{recipe}: {number:,} pairs {title} in {seconds:.1f} s, peak {peak:,.0f} MiB"
            )


if __name__ == "__main__":
    measure()
