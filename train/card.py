"""The model card: written from the real run, its result table added by the benchmark."""

from pathlib import Path

from graphtune.files import write_text
from graphtune.train.curve import CURVE_NAME
from graphtune.train.records import TrainReport


def write_card(folder: Path, report: TrainReport) -> None:
    """Write `README.md` with lineage, data, settings, the development table and usage."""
    write_text(folder / "README.md", render_card(report))


def render_card(report: TrainReport) -> str:
    """Return the card as Markdown with the front matter that the hub reads."""
    smallest = min(report.dims)
    rows = [
        "| step | " + " | ".join(f"NDCG@10 at {dim}" for dim in report.dims) + " |",
        "|---:|" + "---:|" * len(report.dims),
    ]
    for score in report.scores:
        if score.step in (0, report.best_step):
            name = "0 (base)" if score.step == 0 else f"{score.step} (this model)"
            rows.append(
                f"| {name} | " + " | ".join(f"{score.ndcg[d]:.3f}" for d in report.dims) + " |"
            )
    settings = "\n".join(
        f"| {key} | {value} |"
        for key, value in report.settings.model_dump().items()
        if value is not None
    )
    hashes = "\n".join(
        f"| {key} | `{value[:16]}` |" for key, value in sorted(report.hashes.items())
    )
    base = report.base.model
    return CARD.format(
        base=base if base != "minilm" else "sentence-transformers/all-MiniLM-L6-v2",
        name=report.name,
        recipe=report.recipe,
        seed=report.seed,
        dims=", ".join(map(str, report.dims)),
        smallest=smallest,
        pairs=report.pairs,
        steps=report.steps,
        verdict=report.verdict,
        dev=f"{report.dev_queries} queries on held-out concepts, {report.dev_passages} passages",
        table="\n".join(rows),
        curve=CURVE_NAME,
        settings=settings,
        hashes=hashes,
        versions=", ".join(f"{key} {value}" for key, value in report.versions.items()),
    )


def add_results(folder: Path, benchmark: str, table: str) -> None:
    """Put a benchmark's table into the card of a model, in the place of an earlier one."""
    path = folder / "README.md"
    text = path.read_text(encoding="utf-8")
    opening, closing = f"<!-- results of {benchmark} -->\n", f"<!-- end of {benchmark} -->\n"
    if opening in text:
        before, _, rest = text.partition(opening)
        text = before + rest.partition(closing)[2]
    text = text.rstrip("\n") + "\n"
    if RESULTS not in text:
        text += f"\n{RESULTS}"
    write_text(path, f"{text}\n{opening}{table.rstrip()}\n{closing}")


RESULTS = "## Results\n"

CARD = """---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
base_model: {base}
tags:
- sentence-transformers
- feature-extraction
- matryoshka
- graphtune
---

# {name}

An embedding model for searching a corpus of papers: `{base}`, fine-tuned by
graphtune on pairs that a concept graph of those papers gave.

## Usage

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("{name}")  # the path of this folder, or its hub id
queries = model.encode_query(["Kostka polynomials"])
passages = model.encode_document(["We study the combinatorial properties of Kostka numbers."])
print(model.similarity(queries, passages))

# Matryoshka: shorter vectors, at {dims} dimensions
short = model.encode(["Kostka polynomials"], truncate_dim={smallest})
```

## Training

- Lineage: `{base}` → this model
- Data: {pairs} (anchor, positive) pairs, recipe `{recipe}`, seed {seed}
- Loss: MultipleNegativesRankingLoss inside MatryoshkaLoss
- {steps} steps; {verdict}

![Development figures and loss by optimizer step]({curve})

Development set ({dev}); it chose the checkpoint, so these figures are optimistic:

{table}

| setting | value |
|---|---|
{settings}

Made with {versions}. Hashes (sha256, first 16 digits):

| of | hash |
|---|---|
{hashes}
"""
