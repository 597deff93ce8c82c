"""Records of the loop's rounds, and the files that a round replaces, held until it is undone."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from graphtune.files import read_record, write_record
from graphtune.workspace import Workspace

#: `open`: begun, and not judged yet; `empty`: it found nothing to add.
RoundStatus = Literal["open", "accepted", "rejected", "empty", "undone"]


class Counts(BaseModel):
    """How many candidates a round looked at, how many were confirmed, and how many the graph took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    proposed: int
    verified: int
    added: int


class RoundRecord(BaseModel):
    """One round of the loop.

    `pairs`, `dev` (mean NDCG@10 over the dimensions, on the development queries of the first round) and
    `hashes` are those before and after it; "after" is missing where the round did not come so far.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    status: RoundStatus
    recipe: str
    mentions: Counts
    merges: Counts
    pairs: dict[Literal["before", "after"], int]
    dev: dict[Literal["before", "after"], float]
    dev_hash: str
    hashes: dict[Literal["before", "after"], dict[str, str]]
    verdict: str = ""


class LoopRecord(BaseModel):
    """All rounds of a workspace, in order: `loop.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: tuple[RoundRecord, ...] = ()


def read_rounds(workspace: Workspace) -> list[RoundRecord]:
    """Return the rounds of a workspace, in order.

    Raises:
        DataError: `loop.json` is damaged.
    """
    path = workspace.root / "loop.json"
    return list(read_record(path, LoopRecord).rounds) if path.is_file() else []


def write_round(workspace: Workspace, record: RoundRecord) -> RoundRecord:
    """Store a round in the place of the one with its number, or behind the others."""
    others = [other for other in read_rounds(workspace) if other.number != record.number]
    rounds = sorted([*others, record], key=lambda item: item.number)
    write_record(workspace.root / "loop.json", LoopRecord(rounds=tuple(rounds)))
    return record


def locate_copies(workspace: Workspace, number: int) -> Path:
    """Return the folder with what lay in the workspace before a round."""
    return workspace.root / "rounds" / str(number)


def copy_files(workspace: Workspace, number: int, recipe: str) -> None:
    """Hold what a round will replace: the split, the pairs of the recipe and its models.

    The copies are hard links where the disk has them: files are replaced here, never written into.
    """
    target = locate_copies(workspace, number)
    partial = target.with_name(f".{number}")
    shutil.rmtree(partial, ignore_errors=True)
    for path in _list_files(workspace, recipe):
        copy = partial / path.relative_to(workspace.root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, copy, copy_function=_link)
        else:
            _link(str(path), str(copy))
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def restore_files(workspace: Workspace, number: int, recipe: str) -> None:
    """Put back what `copy_files` held, in the place of what the round has made; can be repeated."""
    copies = locate_copies(workspace, number)
    held = Workspace(copies, workspace.config)
    kept = {path.relative_to(copies) for path in _list_files(held, recipe)}
    for path in list(_list_files(workspace, recipe, unfinished=True)):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.relative_to(workspace.root) not in kept:
            path.unlink()
    for relative in sorted(kept):
        source, place = copies / relative, workspace.root / relative
        if source.is_dir():
            shutil.copytree(source, place, copy_function=_link)
        else:
            place.unlink(missing_ok=True)
            _link(str(source), str(place))


def forget_copies(workspace: Workspace, number: int) -> None:
    """Drop the copies of a round."""
    shutil.rmtree(locate_copies(workspace, number), ignore_errors=True)


def _list_files(workspace: Workspace, recipe: str, unfinished: bool = False) -> Iterator[Path]:
    """Yield the files and folders of a workspace that depend on the graph and that a round makes anew."""
    if workspace.split.exists():
        yield workspace.split
    yield from sorted(path for path in workspace.pairs.glob(f"{recipe}.*") if path.is_file())
    for path in sorted(workspace.models.glob(f"{recipe}-*")):
        seed = path.name.removeprefix(f"{recipe}-")
        if path.is_dir() and (seed.isdigit() or (unfinished and seed.endswith(".partial"))):
            yield path


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # no hard links on this disk
        shutil.copy2(source, target)
    return target
