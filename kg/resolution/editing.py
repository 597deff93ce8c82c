"""Editing by hand: check what is asked, store it as an edit, make the graph again, say what changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import category

from graphtune.errors import DataError
from graphtune.kg.lookup import find_concepts, suggest_names
from graphtune.kg.names import normalize_name
from graphtune.kg.ontology import Ontology
from graphtune.kg.resolution.edits import Arguments, read_edits, save_edit, undo_edit
from graphtune.kg.resolution.resolve import resolve_graph
from graphtune.kg.resolution.rows import read_merges
from graphtune.kg.store import GraphStore
from graphtune.records import Concept, Relation


@dataclass(frozen=True, slots=True)
class Changes:
    """What an edit did to the graph; `waiting` says why edits could not be done, by their numbers."""

    edit: int
    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    relations: int = 0
    waiting: dict[str, str] = field(default_factory=dict)


def merge_concepts(store: GraphStore, ontology: Ontology, kept: str, gone: str) -> Changes:
    """Merge the concept `gone` into `kept`, for good.

    Raises:
        DataError: one of them is not known, several have that name, or both are the same.
    """
    one, two = find_single(store, kept), find_single(store, gone)
    if one.id == two.id:
        raise DataError(f"{kept!r} and {gone!r} are one concept already: {one.name!r}")
    return _edit(store, ontology, "merge", {"a": one.name, "b": two.name})


def split_concept(store: GraphStore, ontology: Ontology, concept: str, alias: str) -> Changes:
    """Make a concept of its own from an alias, for good.

    Raises:
        DataError: the concept is not known, or has no such alias.
    """
    node, form = find_single(store, concept), normalize_name(alias)
    surface = next((name for name in node.aliases if normalize_name(name) == form), None)
    if surface is None:
        known = ", ".join(node.aliases) or "none"
        raise DataError(f"{node.name!r} has no alias {alias!r}; its aliases are: {known}")
    others = [name for name in (node.name, *node.aliases) if normalize_name(name) != form]
    arguments = {"concept": node.name, "alias": surface, "names": others}
    return _edit(store, ontology, "split", arguments)


def rename_concept(store: GraphStore, ontology: Ontology, concept: str, name: str) -> Changes:
    """Give a concept another name; the old one becomes an alias.

    Raises:
        DataError: the concept is not known, or the name is taken or empty.
    """
    form = _check_name(name)
    node = find_single(store, concept)
    taken = [other for other in find_concepts(store, name) if other.id == form != node.id]
    if taken:
        raise DataError(
            f"another concept is named {taken[0].name!r}; make them one with "
            f"`graphtune graph merge {node.name!r} {taken[0].name!r}`"
        )
    return _edit(store, ontology, "rename", {"concept": node.name, "name": _clean(name)})


def retype_concept(store: GraphStore, ontology: Ontology, concept: str, kind: str) -> Changes:
    """Give a concept another type.

    Raises:
        DataError: the concept or the type is not known.
    """
    node = find_single(store, concept)
    return _edit(
        store, ontology, "retype", {"concept": node.name, "type": _check_type(ontology, kind)}
    )


def describe_concept(store: GraphStore, ontology: Ontology, concept: str, text: str) -> Changes:
    """Give a concept another description.

    Raises:
        DataError: the concept is not known.
    """
    node = find_single(store, concept)
    return _edit(store, ontology, "describe", {"concept": node.name, "description": _clean(text)})


def delete_concept(store: GraphStore, ontology: Ontology, concept: str) -> Changes:
    """Delete a concept with its mentions and relations; papers do not bring it back.

    Raises:
        DataError: the concept is not known.
    """
    node = find_single(store, concept)
    arguments = {"concept": node.name, "names": [node.name, *node.aliases]}
    return _edit(store, ontology, "delete", arguments)


def add_concept(
    store: GraphStore,
    ontology: Ontology,
    name: str,
    kind: str = "",
    aliases: Sequence[str] = (),
    description: str = "",
) -> Changes:
    """Add a concept; its names are linked in all papers.

    Raises:
        DataError: there is one of this name, the type is not known, or a name is empty.
    """
    for given in (name, *aliases):
        _check_name(given)
    if known := find_concepts(store, name):
        raise DataError(f"{name!r} is a name of {known[0].name!r} already")
    arguments = {
        "name": _clean(name),
        "type": _check_type(ontology, kind) if kind else "",
        "aliases": [_clean(alias) for alias in aliases],
        "description": _clean(description),
    }
    return _edit(store, ontology, "add", arguments)


def relate_concepts(
    store: GraphStore, ontology: Ontology, source: str, relation: str, target: str
) -> Changes:
    """Add a relation between two concepts.

    Raises:
        DataError: a concept or the relation is not known, or the relation does not go with their types.
    """
    one, two = find_single(store, source), find_single(store, target)
    # The names as given: an alias stays with what it becomes, should a merge be undone.
    given = {one.id: _clean(source), two.id: _clean(target)}
    meant = ontology.map_relation(relation)
    if meant is None:
        known = ", ".join(ontology.relations)
        raise DataError(f"the ontology has no relation {relation!r}; known are {known}")
    if meant.inverse:
        one, two = two, one
    if one.id == two.id:
        raise DataError(f"{one.name!r} cannot be related to itself; name two concepts")
    if not ontology.fits_ends(meant.type, one.type, two.type):
        raise DataError(
            f"{meant.type} cannot hold between {one.name!r} ({one.type}) and {two.name!r} ({two.type})"
        )
    arguments = {"source": given[one.id], "type": meant.type, "target": given[two.id]}
    return _edit(store, ontology, "relate", arguments)


def undo_merge(store: GraphStore, ontology: Ontology, number: int) -> Changes:
    """Undo a merge for good: an edit keeps the two apart; a merge by hand is itself undone.

    Raises:
        DataError: there is no merge with this number.
    """
    row = next((row for row in read_merges(store.db) if row["id"] == number), None)
    if row is None:
        raise DataError(f"there is no merge {number}; `graphtune graph merges` lists them")
    pair = {row["kept"], row["gone"]}
    for edit in read_edits(store.db):
        names = {normalize_name(edit.arguments.get(key, "")) for key in ("a", "b")}
        if edit.action == "merge" and not edit.undone and names == pair:
            return undo(store, ontology, edit.id)
    return _edit(store, ontology, "apart", {"a": row["kept"], "b": row["gone"]})


def undo(store: GraphStore, ontology: Ontology, number: int) -> Changes:
    """Undo an edit by its number.

    Raises:
        DataError: there is no such edit, or it is undone already.
    """
    before = _take_picture(store)
    with store.db.atomic():
        edit = undo_edit(store.db, number)
        _resolve(store, ontology)
    return _compare(store, before, edit.id)


def find_single(store: GraphStore, name: str) -> Concept:
    """Return the one concept with this name or alias.

    Raises:
        DataError: there is none (the message names concepts that look alike), or there are several.
    """
    found = find_concepts(store, name)
    own = [concept for concept in found if concept.id == normalize_name(name)]
    if len(own or found) == 1:
        return (own or found)[0]
    if found:
        several = ", ".join(concept.name for concept in found)
        raise DataError(f"{name!r} is a name of several concepts: {several}; name one of these")
    near = suggest_names(store, name)
    hint = f"; near it: {', '.join(near)}" if near else ""
    raise DataError(f"no concept is named {name!r}{hint}")


def _clean(text: str) -> str:
    r"""Return the text on one line, without control characters.

    >>> _clean("red\x1b[31m  \n text")
    'red [31m text'
    """
    return " ".join("".join(" " if category(c) == "Cc" else c for c in text).split())


def _check_name(name: str) -> str:
    form = normalize_name(_clean(name))
    if not form:
        raise DataError(f"{name!r} is no name; give one with letters or digits")
    return form


def _check_type(ontology: Ontology, kind: str) -> str:
    known = ontology.map_type(kind)
    if known is None:
        raise DataError(f"the ontology has no type {kind!r}; known are {', '.join(ontology.types)}")
    return known


def _edit(store: GraphStore, ontology: Ontology, action: str, arguments: Arguments) -> Changes:
    before = _take_picture(store)
    with store.db.atomic():
        edit = save_edit(store.db, action, arguments)
        _resolve(store, ontology)
        reason = _read_waiting(store).get(str(edit.id))
        if reason:
            raise DataError(reason)
    return _compare(store, before, edit.id)


def _resolve(store: GraphStore, ontology: Ontology) -> None:
    resolve_graph(store, store.meta().get("extractor", "rules"), ontology)


def _read_waiting(store: GraphStore) -> dict[str, str]:
    waiting: dict[str, str] = json.loads(store.meta().get("waiting_edits", "{}"))
    return waiting


_Picture = tuple[dict[str, Concept], list[Relation]]


def _take_picture(store: GraphStore) -> _Picture:
    return {concept.id: concept for concept in store.concepts()}, store.relations()


def _compare(store: GraphStore, before: _Picture, edit: int) -> Changes:
    """Say which concepts came, went or changed, and by how many relations the graph grew."""
    (old, old_relations), (new, relations) = before, _take_picture(store)
    changed = [
        f"{new[key].name}: {_say_difference(old[key], new[key])}"
        for key in sorted(old.keys() & new.keys())
        if old[key] != new[key]
    ]
    return Changes(
        edit,
        [new[key].name for key in sorted(new.keys() - old.keys())],
        [old[key].name for key in sorted(old.keys() - new.keys())],
        changed,
        len(relations) - len(old_relations),
        _read_waiting(store),
    )


def _say_difference(old: Concept, new: Concept) -> str:
    parts = [
        f"{name} {before!r} is now {after!r}"
        for name, before, after in _pair_fields(old, new)
        if before != after
    ]
    parts += [f"also {name!r}" for name in new.aliases if name not in old.aliases]
    parts += [f"no longer {name!r}" for name in old.aliases if name not in new.aliases]
    return "; ".join(parts)


def _pair_fields(old: Concept, new: Concept) -> list[tuple[str, Any, Any]]:
    names = ("name", "type", "description", "origin")
    return [(name, getattr(old, name), getattr(new, name)) for name in names]
