"""Speed at the size of a large library: linking names, the graph, search, encoding.

    python -m graphtune.bench.scale link --names 20000 --chunks 50000

The texts are sentences of real papers, shuffled with a seed; the names are phrases that stand in them.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, TypeVar

import click

import graphtune
from graphtune.bench.speed import encode, search
from graphtune.chunking import find_papers, read_document
from graphtune.kg.lookup import find_concepts, read_mentions_of, read_relations_of, suggest_names
from graphtune.kg.mentions import link_mentions
from graphtune.kg.names import FUNCTION_WORDS
from graphtune.kg.ontology import load_ontology
from graphtune.kg.store import GraphStore
from graphtune.records import ROLES, Chunk, Concept, Document, Mention, Reading, Relation, Unit

SAMPLE = Path(graphtune.__file__).parent / "data" / "sample" / "tex"
#: Characters of a chunk of about 250 tokens.
CHUNK_SIZE = 1000
_CHUNKS_A_PAPER = 100
_Command = TypeVar("_Command", bound=Callable[..., Any])

_LOAD = """
import json, resource, sys, time
from pathlib import Path
from graphtune.kg import GraphStore, load_networkx
began = time.perf_counter()
with GraphStore(Path(sys.argv[1])) as store:
    view = load_networkx(store)
seconds = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_SELF)
peak = used.ru_maxrss / 2**20
print(json.dumps([len(view), view.size(), seconds, used.ru_utime + used.ru_stime, peak]))
"""


def read_sentences(folder: Path) -> list[str]:
    """Return the distinct sentences of a folder's papers, in order."""
    sentences: dict[str, None] = {}
    for path in find_papers([folder]):
        text = read_document(path).text
        sentences |= dict.fromkeys(s for s in re.split(r"(?<=[.:])\s+", text) if len(s) > 20)
    return list(sentences)


def make_chunks(sentences: list[str], number: int, random: Random) -> Iterator[Chunk]:
    """Yield passages of three parts (heading, statement, text), a hundred to a paper."""
    for index in range(number):
        heading = f"{index} " + " ".join(random.choice(sentences).split()[:4])
        parts, size = [heading, ""], 0
        while size < CHUNK_SIZE:
            sentence = random.choice(sentences)
            parts[1 if size < CHUNK_SIZE // 2 else -1] += sentence + " "
            size += len(sentence) + 1
            if size >= CHUNK_SIZE // 2 and len(parts) == 2:
                parts.append("")
        text = "\n\n".join(part.strip() for part in parts)
        first = len(heading) + 2
        second = first + len(parts[1].strip()) + 2
        units = (
            Unit(0, first, "heading", 0),
            Unit(first, second, "statement", first, "Theorem", str(index)),
            Unit(second, len(text), "text", second),
        )
        paper, position = divmod(index, _CHUNKS_A_PAPER)
        yield Chunk(
            f"c{index:07}", f"d{paper:05}", position, text, 0, len(text), heading,
            1, 1, 250, units=units,
        )  # fmt: skip


def make_names(sentences: list[str], number: int, random: Random) -> list[str]:
    """Return distinct phrases of one to three words of the text, then made-up combinations of them."""
    words = [re.findall(r"[^\W\d_]{3,}(?:[-–][^\W\d_]{3,})*", sentence) for sentence in sentences]
    names: dict[str, None] = {}
    vocabulary = sorted({w for row in words for w in row if w.lower() not in FUNCTION_WORDS})
    for length in (2, 3, 1):
        for row in words:
            for start in range(len(row) - length + 1):
                phrase = row[start : start + length]
                if not FUNCTION_WORDS & {word.lower() for word in phrase}:
                    names[" ".join(phrase)] = None
    found = sorted(names)
    chosen = dict.fromkeys(random.sample(found, min(len(found), number // 2)))
    joints = (" ", " ", "-", "–")
    while len(chosen) < number:
        pair = random.choice(joints).join(random.sample(vocabulary, 2))
        chosen[f"{pair} {random.choice(vocabulary)}"] = None
    return list(chosen)


def fill_store(path: Path, sizes: dict[str, int], folder: Path, seed: int) -> float:
    """Write a made-up graph of these sizes, and return how many seconds storing the graph took."""
    random = Random(seed)
    sentences = read_sentences(folder)
    chunks = list(make_chunks(sentences, sizes["chunks"], random))
    types = list(load_ontology().types)
    concepts = [
        Concept(
            name.lower(), name, random.choice(types), random.choice(sentences), (f"{name} of n",)
        )
        for name in make_names(sentences, sizes["concepts"], random)
    ]
    concepts = list({concept.id: concept for concept in concepts}.values())
    with GraphStore(path) as store:
        for start in range(0, len(chunks), _CHUNKS_A_PAPER):
            own = tuple(chunks[start : start + _CHUNKS_A_PAPER])
            key = own[0].document_id
            document = Document(key, key, key, "txt", f"Paper {key}", "")
            store.save_reading(Reading(key, "ok", "", document, own), key, "made up")
        drawn = (_draw_mention(concepts, chunks, random) for _ in range(sizes["mentions"]))
        places = {(m.concept_id, m.chunk_id, m.start): m for m in drawn}
        mentions = [places[place] for place in sorted(places)]
        relations = [_draw_relation(concepts, chunks, random) for _ in range(sizes["relations"])]
        began = perf_counter()
        store.replace_graph(concepts, mentions, relations, {})
        return perf_counter() - began


def _draw_mention(concepts: list[Concept], chunks: list[Chunk], random: Random) -> Mention:
    # A few concepts are named everywhere, most of them hardly ever.
    concept = concepts[int(len(concepts) * random.random() ** 3)]
    start = random.randrange(CHUNK_SIZE)
    return Mention(concept.id, random.choice(chunks).id, start, start + 12, random.choice(ROLES))


def _draw_relation(concepts: list[Concept], chunks: list[Chunk], random: Random) -> Relation:
    source, target = (concepts[int(len(concepts) * random.random() ** 2)].id for _ in "st")
    start = random.randrange(CHUNK_SIZE // 2)
    kind = random.choice(list(load_ontology().relations))
    return Relation(source, kind, target, "rules", random.choice(chunks).id, start, start + 150)


@click.group()
def scale() -> None:
    """Measure speed and memory on made-up data of a large library's size."""


FOLDER = click.argument("folder", type=click.Path(path_type=Path, exists=True), default=SAMPLE)
SEED = click.option("--seed", default=1, show_default=True)


def _size(name: str, number: int) -> Callable[[_Command], _Command]:
    return click.option(f"--{name}", default=number, show_default=True)


@scale.command()
@FOLDER
@_size("names", 20_000)
@_size("chunks", 50_000)
@SEED
def link(folder: Path, names: int, chunks: int, seed: int) -> None:
    """Link every mention of names in chunks."""
    random = Random(seed)
    sentences = read_sentences(folder)
    known = {name: name for name in make_names(sentences, names, random)}
    texts = list(make_chunks(sentences, chunks, random))
    began, busy = perf_counter(), process_time()
    number = sum(1 for _ in link_mentions(known, texts))
    seconds, busy = perf_counter() - began, process_time() - busy
    size = sum(len(chunk.text) for chunk in texts) // len(texts)
    click.echo(f"{len(known):,} names, {len(texts):,} chunks of {size:,} characters on average")
    click.echo(f"{number:,} mentions in {seconds:.1f} s, {busy:.1f} s of them on the processor")


@scale.command()
@FOLDER
@_size("concepts", 200_000)
@_size("relations", 1_000_000)
@_size("mentions", 2_000_000)
@_size("chunks", 50_000)
@SEED
@click.option("--database", type=click.Path(path_type=Path), help="Keep the database here.")
def graph(folder: Path, seed: int, database: Path | None, **sizes: int) -> None:
    """Store a graph, load it into networkx in a process of its own, and look names up."""
    with TemporaryDirectory() as scratch:
        path = database or Path(scratch) / "graph.db"
        if not path.exists():
            click.echo(f"stored in {fill_store(path, sizes, folder, seed):.1f} s")
        command = [sys.executable, "-c", _LOAD, str(path)]
        loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        nodes, edges, seconds, busy, peak = json.loads(loaded)
        click.echo(f"networkx: {nodes:,} concepts, {edges:,} edges, peak {peak:.2f} GiB")
        click.echo(f"in {seconds:.1f} s, {busy:.1f} s of them on the processor")
        for line in time_lookups(path, Random(seed)):
            click.echo(line)


def time_lookups(path: Path, random: Random, number: int = 100) -> Iterator[str]:
    """Yield a line for each kind of query: the median and the longest of many, in milliseconds."""
    with GraphStore(path) as store:
        names = [name for (name,) in store.db.execute("SELECT name FROM concepts ORDER BY id")]
        busiest = [
            name
            for (name,) in store.db.execute(
                "SELECT name FROM concepts JOIN mentions ON concept_id = id "
                "GROUP BY id ORDER BY count(*) DESC LIMIT 5"
            )
        ]
    wanted = random.sample(names, number)
    misspelt = [name[: len(name) // 2] + name[len(name) // 2 + 1 :] for name in wanted]
    for title, queries in (("by name", wanted), ("most named", busiest), ("misspelt", misspelt)):
        took = []
        for query in queries:
            began = perf_counter()
            with GraphStore(path) as store:
                if title == "misspelt":
                    suggest_names(store, query)
                for concept in find_concepts(store, query):
                    read_relations_of(store, concept.id)
                    read_mentions_of(store, concept.id)
            took.append((perf_counter() - began) * 1000)
        yield f"{title}: median {median(took):.1f} ms, longest {max(took):.1f} ms"


scale.add_command(search)
scale.add_command(encode)

if __name__ == "__main__":
    scale()
