"""The model card of a stage: `README.md` in its folder, as the hub reads it, from the report alone."""

from pathlib import Path

from graphtune.files import write_text
from graphtune.train.stages.report import StageReport, render_labels, render_reports

#: For each task what the hub calls it, and the lines with which a reader tries the model.
_USES = {
    "pretrain": (
        "fill-mask",
        "from transformers import pipeline\n\n"
        'fill = pipeline("fill-mask", "{name}")\n'
        'fill("… [MASK] …")',
    ),
    "rerank": (
        "text-ranking",
        "from sentence_transformers import CrossEncoder\n\n"
        'model = CrossEncoder("{name}")\n'
        "scores = model.predict([(query, passage) for passage in passages])\n"
        "scores[:, 1] - scores[:, 0]  # the higher, the more relevant",
    ),
    "classify": (
        "text-classification",
        "from transformers import pipeline\n\n"
        'classify = pipeline("text-classification", "{name}")\n'
        'classify("…")',
    ),
    "tag": (
        "token-classification",
        "from transformers import pipeline\n\n"
        'tag = pipeline("token-classification", "{name}", aggregation_strategy="first")\n'
        'tag("…")',
    ),
}


def write_card(folder: Path, report: StageReport) -> None:
    """Write the card of a stage into its folder."""
    write_text(folder / "README.md", render_card(report))


def render_card(report: StageReport) -> str:
    """Return the card as Markdown with front matter: figures, usage, settings, lineage."""
    stage = report.stage
    kind, lines = _USES[stage.task]
    settings = stage.model_dump(exclude={"fit", "name", "task", "data"}) | stage.fit.model_dump()
    library = "sentence-transformers" if stage.task == "rerank" else "transformers"
    return CARD.format(
        kind=kind,
        library=library,
        name=stage.name,
        task=stage.task,
        table="\n\n".join(filter(None, (render_reports([report]), render_labels(report)))),
        usage=lines.format(name=stage.name),
        settings="\n".join(
            f"| {key} | {value} |" for key, value in settings.items() if value is not None
        ),
        hashes="\n".join(f"| {key} | `{value[:64]}` |" for key, value in report.hashes.items()),
        steps=report.steps,
        seconds=f"{report.seconds:,.0f}",
        rate=f"{report.rate:,.0f}",
        versions=", ".join(f"{key} {value}" for key, value in report.versions.items()),
    )


CARD = """---
library_name: {library}
pipeline_tag: {kind}
tags:
- graphtune
---

# {name}

An encoder trained for the task `{task}` by graphtune: {steps} steps in {seconds} s, {rate} examples a
second ({versions}). Figures are of documents that it was not trained on; `report.json` has them all.

{table}

## Usage

```python
{usage}
```

## Settings

| setting | value |
|---|---|
{settings}

## Made from

| what | sha256, or name |
|---|---|
{hashes}
"""
