"""Runs a training file: the vocabulary, then stage after stage; what is up to date is left alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from graphtune.errors import ConfigError
from graphtune.files import read_record, write_record, write_text
from graphtune.progress import tell
from graphtune.train.stages.card import write_card
from graphtune.train.stages.embedding import fit_embedding
from graphtune.train.stages.fitting import Figures, Fitted, fit
from graphtune.train.stages.hashing import hash_model_folder, hash_parts, hash_sources
from graphtune.train.stages.models import load_tokenizer, make_vocabulary
from graphtune.train.stages.preparing import (
    Run,
    find_folder,
    find_sources,
    find_start,
    prepare_stage,
    save_new_encoder,
)
from graphtune.train.stages.report import REPORT_NAME, StageReport, render_reports
from graphtune.train.stages.settings import (
    EmbedStage,
    PretrainStage,
    RerankStage,
    Stage,
    read_stages,
)
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
    run = _open_run(path, toy)
    _check_order(run.file.stage, run.root)
    run.out.mkdir(parents=True, exist_ok=True)
    _prepare_vocabulary(run, force)
    reports: list[StageReport] = []
    for stage in run.file.stage:
        reports.append(_run_stage(run, stage, reports, force))
    shutil.rmtree(run.out / ".partial", ignore_errors=True)
    write_text(run.out / "report.md", render_reports(reports) + "\n")
    return reports


def find_out(path: Path, toy: bool = False) -> Path:
    """Return the folder in which `run_stages` leaves a folder for each stage."""
    return _open_run(path, toy).out


def _open_run(path: Path, toy: bool) -> Run:
    file = read_stages(path)
    return Run(shrink_file(file) if toy else file, path.parent)


def _check_order(stages: Sequence[Stage], root: Path) -> None:
    """Refuse a stage that starts from one that comes later, or from a folder that is not there."""
    names = [stage.name for stage in stages]
    for place, stage in enumerate(stages):
        teacher = stage.teacher if isinstance(stage, EmbedStage) else None
        for what, name in (("starts from", stage.init_from), ("is taught by", teacher)):
            if name in names[place:]:
                raise ConfigError(
                    f"stage {stage.name!r} {what} {name!r}, which comes no earlier; earlier are: "
                    f"{', '.join(names[:place]) or 'none'}"
                )
            is_path = name and name not in names and name.startswith((".", "/"))
            if is_path and not (root / str(name)).is_dir():
                raise ConfigError(f"stage {stage.name!r} {what} {name!r}, which is no folder")


def _prepare_vocabulary(run: Run, force: bool) -> None:
    """Make the vocabulary, or load the one that lies there from the same settings and texts."""
    config = run.file.vocabulary
    if config is None:
        return
    folder = run.out / _VOCABULARY
    named = (*config.texts, *([config.macro_list] if config.macro_list else ()))
    sources = [run.root / name for name in named]
    start = hash_model_folder(find_folder(run, config.base or ""))
    key = hash_parts(config.model_dump_json(), start, *hash_sources(sources, run.root).values())
    note = folder / REPORT_NAME
    made = json.loads(note.read_text()) if note.exists() else {}
    if made.get("key") == key and not force:
        run.tokenizer = load_tokenizer(str(folder))
    else:
        run.tokenizer, added, figures = make_vocabulary(config, run.root)
        run.tokenizer.save_pretrained(folder)
        made = {"key": key, "figures": figures, "added": added}
        write_text(note, json.dumps(made) + "\n")
    run.added, run.vocabulary, run.vocabulary_hash = made["added"], made["figures"], key


def _run_stage(run: Run, stage: Stage, earlier: Sequence[StageReport], force: bool) -> StageReport:
    folder = run.out / stage.name
    sources = find_sources(run, stage)
    hashes = _hash_inputs(run, stage, sources, earlier)
    key = hash_parts(stage.model_dump_json(), *(f"{k} {v}" for k, v in sorted(hashes.items())))
    if (folder / REPORT_NAME).exists() and not force:
        report = read_record(folder / REPORT_NAME, StageReport)
        if report.key == key:
            tell(f"{stage.name} (up to date)")
            return report
    if folder.exists() and not (folder / REPORT_NAME).exists():
        raise ConfigError(
            f"{folder} is no stage's folder and is left as it is: move it, or change `out` or the name"
        )
    partial = run.out / ".partial" / stage.name
    shutil.rmtree(partial, ignore_errors=True)
    fitted, baselines, details = _fit_stage(run, stage, sources, partial)
    report = StageReport(
        stage=stage,
        before=fitted.before,
        after=fitted.after,
        baselines=baselines,
        details={**details, "vocabulary": run.vocabulary},
        losses=tuple(fitted.losses),
        steps=fitted.steps,
        seconds=fitted.seconds,
        rate=fitted.rate,
        key=key,
        hashes=hashes,
        versions={name: version(name) for name in _VERSIONS},
    )
    write_record(partial / REPORT_NAME, report)
    if not isinstance(stage, EmbedStage):  # its own card tells more
        write_card(partial, report)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)
    return report


def _hash_inputs(
    run: Run, stage: Stage, sources: Sequence[Path], earlier: Sequence[StageReport]
) -> dict[str, str]:
    """Return hashes of all that a stage hangs on beside its own settings."""
    keys = {report.stage.name: report.key for report in earlier}

    def hash_start(name: str) -> str:
        return keys.get(name) or hash_model_folder(find_folder(run, name))

    hashes = {
        **hash_sources(sources, run.root, isinstance(stage, EmbedStage | RerankStage)),
        "vocabulary": run.vocabulary_hash,
        "start": hash_start(stage.init_from) if stage.init_from else run.file.model.digest(),
    }
    if isinstance(stage, EmbedStage) and stage.teacher:
        hashes["teacher"] = hash_start(stage.teacher)
    if isinstance(stage, RerankStage) and stage.test:
        hashes |= hash_sources([run.root / stage.test], run.root)
    if isinstance(stage, PretrainStage) and stage.choose_by == "retrieval" and run.file.workspace:
        hashes |= hash_sources([run.root / run.file.workspace], run.root)
    return hashes


def _fit_stage(
    run: Run, stage: Stage, sources: Sequence[Path], folder: Path
) -> tuple[Fitted, dict[str, Figures], dict[str, Any]]:
    """Train a stage into a folder; return what came of it, its baselines, and details for the report."""
    if isinstance(stage, EmbedStage):
        if len(sources) > 1:
            raise ConfigError(f"stage {stage.name!r}: `embed` learns from one workspace's pairs")
        start = find_start(run, stage) or save_new_encoder(run, stage, folder.with_suffix(".new"))
        teacher = find_folder(run, stage.teacher or "")
        fitted, details = fit_embedding(stage, start, teacher, sources[0], folder)
        return fitted, {}, details
    work = prepare_stage(run, stage, sources)
    work.tokenizer.model_max_length = (
        stage.fit.max_length
    )  # what follows it does not learn to place
    fitted = fit(work, stage.fit, folder, stage.name)
    work.tokenizer.model_max_length = (
        stage.fit.max_length
    )  # what follows it has not learned to place
    work.model.save_pretrained(folder)
    work.tokenizer.save_pretrained(folder)
    baselines = dict(work.baselines)
    if isinstance(stage, PretrainStage) and stage.control:
        control = prepare_stage(run, stage, sources, shuffled=True)
        name = "sentence_order_accuracy"
        after = fit(control, stage.fit, folder, stage.name).after
        baselines["order shuffled in training"] = {name: after[name]}
    return fitted, baselines, work.details
