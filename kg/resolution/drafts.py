"""Concepts in the making, which edits change, and the index of their names."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from graphtune.kg.names import normalize_name
from graphtune.kg.resolution.groups import Group
from graphtune.kg.resolution.keys import is_bare_adjective
from graphtune.kg.resolution.merging import Cluster
from graphtune.records import Concept, ConceptType, Origin


@dataclass
class Draft:
    """A concept in the making.

    `aliases` go from normal form to spelling, `claims` from normal form to the papers that use it for
    this concept; `groups` are what was merged into it.
    """

    key: str
    name: str
    type: ConceptType
    description: str = ""
    aliases: dict[str, str] = field(default_factory=dict)
    claims: dict[str, set[str]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    origin: Origin = "hand"

    @property
    def forms(self) -> list[str]:
        """The normal forms of the name and all aliases."""
        return [self.key, *(form for form in self.aliases if form != self.key)]

    def freeze(self) -> Concept:
        """Return the concept's record."""
        aliases = tuple(self.aliases[form] for form in sorted(self.aliases) if form != self.key)
        return Concept(self.key, self.name, self.type, self.description, aliases, self.origin)


def make_draft(cluster: Cluster, origin: Origin) -> Draft:
    """Vote on the type, take the canonical name, and list all other names."""
    types: Counter[ConceptType] = Counter()
    aliases: dict[str, str] = {}
    claims: defaultdict[str, set[str]] = defaultdict(set)
    for group in cluster.groups:
        types.update(group.types)
        claims[group.key] |= group.documents
        if group is not cluster.head:
            aliases[group.key] = group.name
    for form, alias in cluster.aliases.items():
        aliases.setdefault(form, alias.surface)
        claims[form] |= alias.documents
    found = any(group.n_found for group in cluster.groups)
    description = next((group.description for group in cluster.groups if group.description), "")
    return Draft(
        cluster.head.key,
        cluster.head.name,
        min(types, key=lambda name: (-types[name], name)),
        description,
        aliases,
        dict(claims),
        cluster.groups,
        origin if found else "imported",
    )


class Drafts:
    """All concepts in the making, by id, and by any of their names."""

    def __init__(self, drafts: Iterable[Draft]) -> None:
        self.by_key: dict[str, Draft] = {}
        self._claims: defaultdict[str, set[str]] = defaultdict(set)
        for draft in drafts:
            self.put(draft)
        for draft in self.by_key.values():
            for form in list(draft.aliases):
                if form in self.by_key and not is_bare_adjective(form):
                    self.forget_alias(draft, form)

    def put(self, draft: Draft) -> None:
        """Add a concept, or index again one whose names have changed."""
        self.by_key[draft.key] = draft
        for form in draft.forms:
            self._claims[form].add(draft.key)

    def drop(self, draft: Draft) -> None:
        """Take a concept out."""
        del self.by_key[draft.key]
        for form in draft.forms:
            self._claims[form].discard(draft.key)

    def forget_alias(self, draft: Draft, form: str) -> None:
        """Take one of its aliases from a concept."""
        draft.aliases.pop(form, None)
        draft.claims.pop(form, None)
        if form != draft.key:
            self._claims[form].discard(draft.key)

    def find(self, name: str) -> Draft | None:
        """Return the concept with this name, or the only one with this alias."""
        form = normalize_name(name)
        if form in self.by_key:
            return self.by_key[form]
        holders = self._claims.get(form, set())
        return self.by_key[next(iter(holders))] if len(holders) == 1 else None

    def list_claims(self) -> list[tuple[str, list[str]]]:
        """Return each normal form with the ids of the concepts that bear it, both in order."""
        return [(form, sorted(self._claims[form])) for form in sorted(self._claims)]


class Names(NamedTuple):
    """Whose each normal form is: everywhere, or only in a paper that speaks of just one of several."""

    everywhere: dict[str, str]
    in_paper: dict[tuple[str, str], str]

    def find(self, name: str, document_id: str) -> str:
        """Return the concept that a paper means by a name, "" if none or unclear."""
        form = normalize_name(name)
        return self.everywhere.get(form) or self.in_paper.get((document_id, form), "")


def index_names(drafts: Drafts) -> Names:
    """Give each form to its concept; one that several claim, to none but inside single papers.

    A concept's own name is its own even where others claim it as an alias, but for a bare
    adjective: "normal" says something else of a subgroup and of an operator.
    """
    names = Names({}, {})
    for form, keys in drafts.list_claims():
        if form in keys and not (len(keys) > 1 and is_bare_adjective(form)):
            names.everywhere[form] = form
        elif len(keys) == 1:
            names.everywhere[form] = keys[0]
        else:
            papers: defaultdict[str, list[str]] = defaultdict(list)
            for key in keys:
                for document in sorted(drafts.by_key[key].claims.get(form, ())):
                    papers[document].append(key)
            names.in_paper.update(
                {(doc, form): held[0] for doc, held in papers.items() if len(held) == 1}
            )
    return names
