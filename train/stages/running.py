"""Runs a training file: the vocabulary, then stage after stage; what is up to date is left alone."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from graphtune.errors import ConfigError, DataError
from graphtune.files import read_record, write_record, write_text
from graphtune.train.stages.embedding import fit_embedding
from graphtune.train.stages.fitting import Figures, Fitted, fit
from graphtune.train.stages.models import load_tokenizer, make_vocabulary
from graphtune.train.stages.preparing import Run, find_sources, find_start, prepare_stage
from graphtune.train.stages.report import REPORT_NAME, StageReport, render_reports
from graphtune.train.stages.settings import EmbedStage, PretrainStage, Stage, read_stages
from graphtune.train.stages.sources import list_files
from graphtune.train.stages.toy import shrink_file

_VOCABULARY = "vocabulary"
_VERSIONS = ("transformers", "tokenizers", "torch")


def run_stages(path: Path, force: bool = False, toy: bool = False) -> list[StageReport]:
    """Run a training file and return the reports of its stages, in order.

    Each checkpoint is a folder that transformers loads, in `out`. A stage whose data, settings, vocabulary
    and beginning are those of its report is not run again, unless `force` says so. `toy` makes it all small
    (see `graphtune.train.stages.toy`).

    Raises:
        ConfigError: a setting is wrong, or a stage starts from none of the earlier ones.
        DataError: data are missing or malformed.
        ModelError: a model or a tokenizer cannot be loaded, or they do not fit.
    """
    file = read_stages(path)
    run = Run(shrink_file(file) if toy else file, path.parent)
    _check_order(run.file.stage, run.root)
    run.out.mkdir(parents=True, exist_ok=True)
    _prepare_vocabulary(run, force)
    reports: list[StageReport] = []
    for stage in run.file.stage:
        reports.append(_run_stage(run, stage, reports, force))
    write_text(run.out / "report.md", render_reports(reports) + "\n")
    return reports


def _check_order(stages: Sequence[Stage], root: Path) -> None:
    """Refuse a stage that starts from one that comes later, or from a folder that is not there."""
    names = [stage.name for stage in stages]
    for place, stage in enumerate(stages):
        start = stage.init_from
        if start in names[place:]:
            raise ConfigError(
                f"stage {stage.name!r} starts from {start!r}, which comes no earlier; earlier are: "
                f"{', '.join(names[:place]) or 'none'}"
            )
        if (
            start
            and start not in names
            and start.startswith((".", "/"))
            and not (root / start).is_dir()
        ):
            raise ConfigError(f"stage {stage.name!r} starts from {start!r}, which is no folder")


def _prepare_vocabulary(run: Run, force: bool) -> None:
    """Make the vocabulary, or load the one that lies there from the same settings and texts."""
    config = run.file.vocabulary
    if config is None:
        return
    folder = run.out / _VOCABULARY
    sources = [run.root / name for name in config.texts]
    key = _hash(config.model_dump_json(), *_hash_sources(sources).values())
    note = folder / "made_from.json"
    if note.exists() and not force and json.loads(note.read_text())["key"] == key:
        run.tokenizer, run.added = (
            load_tokenizer(str(folder)),
            json.loads(note.read_text())["added"],
        )
    else:
        run.tokenizer, run.added = make_vocabulary(config, run.root)
        run.tokenizer.save_pretrained(folder)
        write_text(note, json.dumps({"key": key, "added": run.added}) + "\n")
    run.vocabulary_hash = key


def _run_stage(run: Run, stage: Stage, earlier: Sequence[StageReport], force: bool) -> StageReport:
    folder = run.out / stage.name
    sources = find_sources(run, stage)
    begun = next((report.key for report in earlier if report.stage.name == stage.init_from), "")
    hashes = {
        **_hash_sources(sources),
        "vocabulary": run.vocabulary_hash,
        "start": begun or stage.init_from or run.file.model.digest(),
    }
    key = _hash(stage.model_dump_json(), *(f"{k} {v}" for k, v in sorted(hashes.items())))
    if (folder / REPORT_NAME).exists() and not force:
        report = read_record(folder / REPORT_NAME, StageReport)
        if report.key == key:
            return report
    partial = run.out / f".{stage.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    fitted, baselines, details = _fit_stage(run, stage, sources, partial)
    report = StageReport(
        stage=stage,
        before=fitted.before,
        after=fitted.after,
        baselines=baselines,
        details=details,
        losses=tuple(fitted.losses),
        steps=fitted.steps,
        seconds=fitted.seconds,
        rate=fitted.rate,
        key=key,
        hashes=hashes,
        versions={name: version(name) for name in _VERSIONS},
    )
    write_record(partial / REPORT_NAME, report)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)
    return report


def _fit_stage(
    run: Run, stage: Stage, sources: Sequence[Path], folder: Path
) -> tuple[Fitted, dict[str, Figures], dict[str, Any]]:
    """Train a stage into a folder; return what came of it, its baselines, and details for the report."""
    if isinstance(stage, EmbedStage):
        return fit_embedding(stage, find_start(run, stage), sources[0], folder), {}, {}
    work = prepare_stage(run, stage, sources)
    fitted = fit(work, stage.fit, folder, stage.name)
    work.model.save_pretrained(folder)
    work.tokenizer.save_pretrained(folder)
    baselines = dict(work.baselines)
    if isinstance(stage, PretrainStage) and stage.control:
        control = prepare_stage(run, stage, sources, shuffled=True)
        name = "sentence_order_accuracy"
        after = fit(control, stage.fit, folder, stage.name).after
        baselines["order shuffled in training"] = {name: after[name]}
    return fitted, baselines, work.details


def _hash_sources(sources: Sequence[Path]) -> dict[str, str]:
    """Return a sha256 of each file's bytes; of a workspace that of its database.

    Raises:
        DataError: one cannot be read.
    """
    found = {}
    for file in list_files(sources):
        path = file / "graph.db" if file.is_dir() else file
        try:
            with path.open("rb") as data:
                found[file.name] = hashlib.file_digest(data, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return found


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
