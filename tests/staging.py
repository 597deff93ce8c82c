"""A training file with a tiny encoder, and texts to train it on."""

import json
import random
from pathlib import Path
from typing import Any

WORDS = (
    "алим бор гэр далай ембүү жил зам ир ном лам мал нар ор пүрэв сар тал уул фото хад цас".split()
)
SHAPE = """
[model]
embedding_size = 16
hidden_size = 32
layers = 1
heads = 2
intermediate_size = 64
max_length = 64
"""
FIT = "{ max_steps = 4, max_length = 48, batch_size = 8 }"
BASE = f"""
out = "out"
[vocabulary]
texts = ["texts.jsonl"]
size = 330
{SHAPE}
[[stage]]
name = "base"
task = "pretrain"
data = ["texts.jsonl"]
fit = {FIT}
"""


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")


def fill_folder(folder: Path) -> Path:
    """Write texts, labelled ones, ones with names, and questions with answers into a folder."""
    draw = random.Random(0)

    def make_text() -> str:
        return " ".join(" ".join(draw.choices(WORDS, k=6)).capitalize() + "." for _ in range(4))

    texts = [make_text() for _ in range(40)]
    write_rows(folder / "texts.jsonl", [{"text": text} for text in texts])
    classes = [{"text": text, "label": "аб"[n % 2]} for n, text in enumerate(texts)]
    write_rows(folder / "classes.jsonl", classes)
    names = [{"text": text, "labels": [[0, text.index(" "), "PER"]]} for text in texts]
    write_rows(folder / "names.jsonl", names)
    answers = [
        {"query": text[:20], "positive": text, "tags": ["x", str(n % 4)]}
        for n, text in enumerate(texts)
    ]
    write_rows(folder / "answers.jsonl", answers)
    return folder


def write_file(folder: Path, text: str) -> Path:
    path = folder / "stages.toml"
    path.write_text(text, encoding="utf-8")
    return path


def add_stage(name: str, task: str, data: str, start: str = "base", more: str = "") -> str:
    return (
        f'[[stage]]\nname = "{name}"\ntask = "{task}"\ninit_from = "{start}"\n'
        f'data = ["{data}"]\nfit = {FIT}\n{more}\n'
    )
