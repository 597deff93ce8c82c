"""Commands that change the graph by hand: merge, split, rename, retype, describe, delete, add, relate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graphtune.cli.common import Outcome, command

if TYPE_CHECKING:
    from graphtune.kg import GraphStore
    from graphtune.kg.ontology import Ontology
    from graphtune.kg.resolution.editing import Changes


@contextmanager
def _open_graph(root: Path) -> Iterator[tuple["GraphStore", "Ontology"]]:
    from graphtune.kg import GraphStore
    from graphtune.kg.build import read_ontology
    from graphtune.workspace import lock_workspace, open_workspace

    workspace = open_workspace(root)
    with lock_workspace(workspace), GraphStore(workspace.database) as store:
        yield store, read_ontology(workspace)


def _report(changes: "Changes", undone: bool = False) -> Outcome:
    """Say what an edit, or undoing it, did, a line for each concept."""
    lines = [f"+ {name}" for name in changes.new]
    lines += [f"- {name}" for name in changes.gone]
    lines += [f"~ {line}" for line in changes.changed]
    if changes.relations:
        lines.append(f"{changes.relations:+} relations")
    lines = lines or ["the graph stays as it was"]
    back = f"(take it back with `graphtune graph edits --undo {changes.edit}`)"
    lines.append(f"edit {changes.edit} {'is undone' if undone else back}")
    lines += [f"edit {number} waits: {reason}" for number, reason in changes.waiting.items()]
    return Outcome(asdict(changes), "\n".join(lines))


def add_edit_commands(group: click.Group) -> None:
    """Register the commands."""
    for add_commands in (
        _add_merging,
        _add_naming,
        _add_contents,
        _add_new,
        _add_merges,
        _add_edits,
    ):
        add_commands(group)


def _add_merging(group: click.Group) -> None:
    @command(group)
    @click.argument("kept")
    @click.argument("gone")
    def merge(workspace: Path, kept: str, gone: str) -> Outcome:
        r"""Make two concepts one: GONE becomes another name of KEPT.

        \b
        Example: graphtune graph merge -w papers-ws "Schur function" "S-function"
        """
        from graphtune.kg.resolution.editing import merge_concepts

        with _open_graph(workspace) as graph:
            return _report(merge_concepts(*graph, kept, gone))

    @command(group)
    @click.argument("concept")
    @click.argument("alias")
    def split(workspace: Path, concept: str, alias: str) -> Outcome:
        r"""Make a concept of its own from an alias.

        \b
        Example: graphtune graph split -w papers-ws "Schur function" "S-function"
        """
        from graphtune.kg.resolution.editing import split_concept

        with _open_graph(workspace) as graph:
            return _report(split_concept(*graph, concept, alias))


def _add_naming(group: click.Group) -> None:
    @command(group)
    @click.argument("concept")
    @click.argument("name")
    def rename(workspace: Path, concept: str, name: str) -> Outcome:
        r"""Give a concept another name; the old one becomes an alias.

        \b
        Example: graphtune graph rename -w papers-ws RSK "Robinson–Schensted–Knuth correspondence"
        """
        from graphtune.kg.resolution.editing import rename_concept

        with _open_graph(workspace) as graph:
            return _report(rename_concept(*graph, concept, name))

    @command(group)
    @click.argument("concept")
    def delete(workspace: Path, concept: str) -> Outcome:
        r"""Delete a concept with its mentions and relations; papers do not bring it back.

        \b
        Example: graphtune graph delete -w papers-ws "main result"
        """
        from graphtune.kg.resolution.editing import delete_concept

        with _open_graph(workspace) as graph:
            return _report(delete_concept(*graph, concept))


def _add_contents(group: click.Group) -> None:
    @command(group)
    @click.argument("concept")
    @click.argument("kind", metavar="TYPE")
    def retype(workspace: Path, concept: str, kind: str) -> Outcome:
        r"""Give a concept another type of the ontology.

        \b
        Example: graphtune graph retype -w papers-ws "Pieri rule" theorem
        """
        from graphtune.kg.resolution.editing import retype_concept

        with _open_graph(workspace) as graph:
            return _report(retype_concept(*graph, concept, kind))

    @command(group)
    @click.argument("concept")
    @click.argument("text")
    def describe(workspace: Path, concept: str, text: str) -> Outcome:
        r"""Give a concept another description.

        \b
        Example: graphtune graph describe -w papers-ws "Dyck path" "A lattice path above the diagonal."
        """
        from graphtune.kg.resolution.editing import describe_concept

        with _open_graph(workspace) as graph:
            return _report(describe_concept(*graph, concept, text))


def _add_new(group: click.Group) -> None:
    @command(group)
    @click.argument("name")
    @click.option("--type", "kind", default="", help="Its type (default: the ontology's fallback).")
    @click.option("--alias", "aliases", multiple=True, help="Another name; may be repeated.")
    @click.option("--description", default="", help="What it is.")
    def add(
        workspace: Path, name: str, kind: str, aliases: tuple[str, ...], description: str
    ) -> Outcome:
        r"""Add a concept; its names are linked in all papers.

        \b
        Example: graphtune graph add -w papers-ws "cyclic sieving" --type technique --alias CSP
        """
        from graphtune.kg.resolution.editing import add_concept

        with _open_graph(workspace) as graph:
            return _report(add_concept(*graph, name, kind, aliases, description))

    @command(group)
    @click.argument("source")
    @click.argument("relation")
    @click.argument("target")
    def relate(workspace: Path, source: str, relation: str, target: str) -> Outcome:
        r"""Add a relation between two concepts.

        \b
        Example: graphtune graph relate -w papers-ws "Macdonald polynomial" generalizes "Schur function"
        """
        from graphtune.kg.resolution.editing import relate_concepts

        with _open_graph(workspace) as graph:
            return _report(relate_concepts(*graph, source, relation, target))


def _add_merges(group: click.Group) -> None:
    @command(group)
    @click.option("--undo", "number", type=int, metavar="N", help="Undo merge N, for good.")
    def merges(workspace: Path, number: int | None) -> Outcome:
        r"""List which concepts were made one, why, and where a paper says so.

        \b
        Example: graphtune graph merges -w papers-ws --undo 12
        """
        from graphtune.kg.resolution.editing import undo_merge
        from graphtune.kg.resolution.rows import read_merges

        with _open_graph(workspace) as (store, ontology):
            if number is not None:
                return _report(undo_merge(store, ontology, number))
            rows = read_merges(store.db)
        lines = [f"{row['id']:5} {row['kept']} <- {row['name']} ({row['reason']})" for row in rows]
        lines = [
            f"{line}\n      {row['paper']}: …{' '.join(row['evidence'].split())}…"
            if row["evidence"]
            else line
            for line, row in zip(lines, rows, strict=True)
        ]
        return Outcome({"merges": rows}, "\n".join(lines) or "no merges")


def _add_edits(group: click.Group) -> None:
    @command(group)
    @click.option("--undo", "number", type=int, metavar="N", help="Undo edit N.")
    def edits(workspace: Path, number: int | None) -> Outcome:
        r"""List the edits by hand, and those that wait for their concept to come back.

        \b
        Example: graphtune graph edits -w papers-ws --undo 3
        """
        import json

        from graphtune.kg.resolution.editing import undo
        from graphtune.kg.resolution.edits import read_edits

        with _open_graph(workspace) as (store, ontology):
            if number is not None:
                return _report(undo(store, ontology, number), undone=True)
            rows = [asdict(edit) for edit in read_edits(store.db)]
            waiting = json.loads(store.meta().get("waiting_edits", "{}"))
        for row in rows:
            row["waits"] = waiting.get(str(row["id"]), "")
        lines = []
        for row in rows:
            said = ", ".join(
                f"{key} {' / '.join(value) if isinstance(value, list) else repr(value)}"
                for key, value in row["arguments"].items()
                if value or (key == "description" and row["action"] == "describe")
            )
            state = "undone" if row["undone"] else row["waits"] and f"waits: {row['waits']}"
            lines.append(
                f"{row['id']:5} {row['action']}: {said}" + (f" ({state})" if state else "")
            )
        return Outcome({"edits": rows}, "\n".join(lines) or "no edits")
