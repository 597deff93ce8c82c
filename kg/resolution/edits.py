"""Edits by hand: rows of their own, done again, in order, whenever the graph is made anew."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from graphtune.errors import DataError
from graphtune.kg.names import normalize_name
from graphtune.kg.ontology import Ontology
from graphtune.kg.resolution.clusters import Cluster
from graphtune.kg.resolution.drafts import Draft, Drafts, make_draft
from graphtune.kg.resolution.keys import explain_match
from graphtune.kg.resolution.merging import Merge

Arguments = dict[str, Any]
#: What an edit that finds its concept gone is waiting for; "" if it was done.
Idle = str


@dataclass(frozen=True, slots=True)
class Edit:
    """One change by hand: merge, apart, split, rename, retype, describe, delete, add or relate.

    A round of the loop merges by edits too; `round` is its number then.
    """

    id: int
    action: str
    arguments: Arguments
    undone: bool = False
    round: int | None = None


def save_edit(db: Database, action: str, arguments: Arguments, round: int | None = None) -> Edit:
    """Store a new edit, by hand or by a round of the loop."""
    values = {"action": action, "arguments": json.dumps(arguments, ensure_ascii=False)}
    with db.atomic():
        number = db.table("edits").insert({**values, "undone": 0, "round": round}).last_pk
    return Edit(int(number or 0), action, arguments, round=round)


def read_edits(db: Database) -> list[Edit]:
    """Return all edits by number, undone ones too."""
    return [
        Edit(
            row["id"],
            row["action"],
            json.loads(row["arguments"]),
            bool(row["undone"]),
            row["round"],
        )
        for row in db.query("SELECT * FROM edits ORDER BY id")
    ]


def undo_edit(db: Database, number: int) -> Edit:
    """Mark an edit as undone.

    Raises:
        DataError: there is no such edit, or it is undone already.
    """
    edit = next((edit for edit in read_edits(db) if edit.id == number), None)
    if edit is None:
        raise DataError(f"there is no edit {number}; `graphtune graph edits` lists them")
    if edit.undone:
        raise DataError(f"edit {number} is undone already; to have it again, make it anew")
    with db.atomic():
        db.table("edits").update(number, {"undone": 1})
    return edit


def list_apart(edits: Iterable[Edit]) -> set[frozenset[str]]:
    """Return the pairs of normal forms that edits keep apart."""
    pairs: set[frozenset[str]] = set()
    for edit in edits:
        if edit.action == "apart" and not edit.undone:
            pairs.add(frozenset(normalize_name(edit.arguments[key]) for key in ("a", "b")))
        elif edit.action == "split" and not edit.undone:
            alias = normalize_name(edit.arguments["alias"])
            others = map(normalize_name, edit.arguments["names"])
            pairs |= {frozenset((alias, o)) for o in others if not explain_match(alias, o)}
    return pairs


def apply_edits(
    drafts: Drafts, edits: Sequence[Edit], ontology: Ontology
) -> tuple[list[Merge], dict[int, Idle]]:
    """Change the drafts, in place, by every edit that is not undone.

    Returns:
        The merges made, and for each edit that could not be done what it waits for.
    """
    merges: list[Merge] = []
    idle: dict[int, Idle] = {}
    for edit in edits:
        if edit.undone or edit.action == "relate":
            continue
        if edit.action == "merge":
            waits = _merge(drafts, edit.arguments, merges)
        else:
            waits = _ACTIONS[edit.action](drafts, edit.arguments, ontology)
        if waits:
            idle[edit.id] = waits
    return merges, idle


def _miss(name: str) -> Idle:
    return f"no concept is named {name!r}"


def _merge(drafts: Drafts, arguments: Arguments, merges: list[Merge]) -> Idle:
    kept, gone = drafts.find(arguments["a"]), drafts.find(arguments["b"])
    if kept is None or gone is None:
        return _miss(arguments["b"] if kept else arguments["a"])
    if kept is gone:
        return ""
    drafts.drop(gone)
    kept.aliases = {gone.key: gone.name, **gone.aliases, **kept.aliases}
    for form, documents in gone.claims.items():
        kept.claims[form] = kept.claims.get(form, set()) | documents
    kept.groups = [*kept.groups, *gone.groups]
    kept.description = kept.description or gone.description
    drafts.put(kept)
    merges.append(Merge(kept.key, gone.key, arguments.get("reason", "hand"), gone.name))
    return ""


def _separate(drafts: Drafts, arguments: Arguments, ontology: Ontology) -> Idle:
    """Take apart two names that an earlier edit has merged; resolution itself no longer merges them."""
    one, two = drafts.find(arguments["a"]), drafts.find(arguments["b"])
    if one is None or two is None:
        return _miss(arguments["b"] if one else arguments["a"])
    if one is two:
        form = normalize_name(arguments["b"])
        _detach(drafts, one, form if form != one.key else normalize_name(arguments["a"]))
    return ""


def _split(drafts: Drafts, arguments: Arguments, ontology: Ontology) -> Idle:
    draft, form = drafts.find(arguments["concept"]), normalize_name(arguments["alias"])
    if draft is None:
        return _miss(arguments["concept"])
    if form in drafts.by_key and form != draft.key:
        drafts.forget_alias(draft, form)
        return ""
    draft.aliases.setdefault(form, arguments["alias"])
    _detach(drafts, draft, form)
    return ""


def _detach(drafts: Drafts, draft: Draft, form: str) -> None:
    """Make a concept of its own from one of a concept's aliases."""
    if form == draft.key:
        return
    name = draft.aliases[form]
    claims = {form: draft.claims.get(form, set())}
    drafts.forget_alias(draft, form)
    own = [group for group in draft.groups if group.key == form]
    if own:
        draft.groups = [group for group in draft.groups if group.key != form]
        fresh = make_draft(Cluster(own[0]), draft.origin)
        fresh.aliases = {
            form: name for form, name in fresh.aliases.items() if form not in drafts.by_key
        }
        for alias in fresh.aliases:
            drafts.forget_alias(draft, alias)
        drafts.put(fresh)
    else:
        drafts.put(Draft(form, name, draft.type, claims=claims))


def _rename(drafts: Drafts, arguments: Arguments, ontology: Ontology) -> Idle:
    draft, form = drafts.find(arguments["concept"]), normalize_name(arguments["name"])
    if draft is None:
        return _miss(arguments["concept"])
    if form in drafts.by_key and form != draft.key:
        return f"another concept is named {arguments['name']!r}: merge the two"
    drafts.drop(draft)
    if form != draft.key:
        draft.aliases[draft.key] = draft.name
    draft.key, draft.name = form, arguments["name"]
    draft.aliases.pop(form, None)
    drafts.put(draft)
    return ""


def _retype(drafts: Drafts, arguments: Arguments, ontology: Ontology) -> Idle:
    draft, kind = drafts.find(arguments["concept"]), ontology.map_type(arguments["type"])
    if draft is None:
        return _miss(arguments["concept"])
    if kind is None:
        return f"the ontology has no type {arguments['type']!r}"
    draft.type = kind
    return ""


def _describe(drafts: Drafts, arguments: Arguments, ontology: Ontology) -> Idle:
    draft = drafts.find(arguments["concept"])
    if draft is None:
        return _miss(arguments["concept"])
    draft.description = arguments["description"]
    return ""


def _delete(drafts: Drafts, arguments: Arguments, ontology: Ontology) -> Idle:
    """Delete a concept under any name it had; where one is now another concept's alias, only that."""
    done = False
    for form in dict.fromkeys(map(normalize_name, arguments["names"])):
        draft = drafts.find(form)
        if draft and draft.key == form:
            drafts.drop(draft)
        elif draft:
            drafts.forget_alias(draft, form)
        done = done or draft is not None
    return "" if done else _miss(arguments["concept"])


def _add(drafts: Drafts, arguments: Arguments, ontology: Ontology) -> Idle:
    """Add a concept, or what the edit says of it to one that papers have brought since."""
    kind = ontology.map_type(arguments["type"] or ontology.fallback_type)
    if kind is None:
        return f"the ontology has no type {arguments['type']!r}"
    form = normalize_name(arguments["name"])
    draft = drafts.find(form) or Draft(form, arguments["name"], kind)
    if arguments["type"]:
        draft.type = kind
    draft.description = arguments["description"] or draft.description
    for alias in arguments["aliases"]:
        if normalize_name(alias) not in ("", draft.key, *drafts.by_key):
            draft.aliases.setdefault(normalize_name(alias), alias)
    drafts.put(draft)
    return ""


_ACTIONS: dict[str, Callable[[Drafts, Arguments, Ontology], Idle]] = {
    "apart": _separate,
    "split": _split,
    "rename": _rename,
    "retype": _retype,
    "describe": _describe,
    "delete": _delete,
    "add": _add,
}
