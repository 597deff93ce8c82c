"""Findings grouped by the normal form of their names, with their votes and the aliases they state."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from graphtune.kg.names import fold_plural, normalize_name
from graphtune.kg.ontology import Ontology
from graphtune.kg.resolution.keys import is_numbered
from graphtune.records import Concept, ConceptType, FoundConcept

#: A finding in a paper: (document id, chunk id, what was found).
Finding = tuple[str, str, FoundConcept]

#: How much more a definition counts than a mention in the vote for the type.
DEFINITION_VOTES = 3


#: Words that every definition may have.
_VAGUE = frozenset(
    """called there every where which given known denoted define defined definition following element
    exist satisfying usually simply respectively define these those other their condition property
    suppose always means equivalent equivalently sometimes often""".split()
)


@dataclass
class Alias:
    """Another name that passages state; the place is that of the first one, if any."""

    surface: str
    documents: set[str] = field(default_factory=set)
    chunk_id: str | None = None
    start: int = 0
    end: int = 0


@dataclass
class Group:
    """All that is said about one normal form; `names` and `types` are votes.

    `definitions` are the defining sentences by paper; `imported` tells that a graph file has it.
    """

    key: str
    names: Counter[str] = field(default_factory=Counter)
    types: Counter[ConceptType] = field(default_factory=Counter)
    aliases: dict[str, Alias] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)
    definitions: dict[str, str] = field(default_factory=dict)
    description: str = ""
    n_found: int = 0
    imported: bool = False

    @property
    def name(self) -> str:
        """The spelling with the most votes, then the shortest, then the first."""
        return min(self.names, key=lambda name: (-self.names[name], len(name), name))

    @property
    def kind(self) -> ConceptType:
        """The type with the most votes."""
        return min(self.types, key=lambda name: (-self.types[name], name))


def group_findings(
    findings: Iterable[Finding], ontology: Ontology, left_out: Counter[str]
) -> dict[str, Group]:
    """Group findings by the normal form of their names; statements that only have a number are left out.

    >>> from graphtune.kg.ontology import load_ontology
    >>> names = ("Schur functions", "Schur function", "Theorem 1")
    >>> found = [("d", "c", FoundConcept(name, "object", 0, 5)) for name in names]
    >>> list(group_findings(found, load_ontology(), Counter()))
    ['schur function']
    """
    groups: dict[str, Group] = {}
    for document_id, chunk_id, finding in findings:
        key = normalize_name(finding.name)
        if not key or is_numbered(finding.name):
            left_out["numbered"] += bool(key)
            continue
        group = groups.setdefault(key, Group(key))
        defines = finding.role == "defines"
        kind = ontology.map_type(finding.type)
        left_out["types outside the ontology"] += kind is None
        votes = DEFINITION_VOTES if defines else 1
        group.types[kind or ontology.fallback_type] += votes if kind else 0
        group.names[finding.name] += 1
        group.n_found += 1
        group.documents.add(document_id)
        for surface in finding.aliases:
            form = normalize_name(surface)
            if form in ("", key) or is_numbered(surface):
                continue
            place = Alias(surface, set(), chunk_id, finding.start, finding.end)
            group.aliases.setdefault(form, place).documents.add(document_id)
        better = (defines and not group.definitions) or not group.description
        if finding.description and better:
            group.description = finding.description
        if finding.description and defines:
            group.definitions.setdefault(document_id, finding.description)
    return groups


def add_imports(groups: dict[str, Group], concepts: Iterable[Concept], ontology: Ontology) -> None:
    """Add the concepts of an imported graph, each as one vote."""
    for concept in concepts:
        group = groups.setdefault(concept.id, Group(concept.id))
        group.imported = True
        group.names[concept.name] += 1
        group.types[ontology.map_type(concept.type) or ontology.fallback_type] += 1
        group.description = group.description or concept.description
        for surface in concept.aliases:
            form = normalize_name(surface)
            if form not in ("", concept.id):
                group.aliases.setdefault(form, Alias(surface))


def find_homographs(groups: dict[str, Group]) -> dict[str, list[str]]:
    """Return the concepts that papers define in words that have nothing in common, with those papers.

    They may be one name for two things. That is for a person to say: nothing is split by guess.
    """
    suspects: defaultdict[str, list[str]] = defaultdict(list)
    for key, group in sorted(groups.items()):
        contents = {d: list_content_words(group, d) for d in sorted(group.definitions)}
        full = {document: words for document, words in contents.items() if len(words) >= 3}
        documents = sorted(full)
        for position, one in enumerate(documents):
            for other in documents[position + 1 :]:
                if not full[one] & full[other]:
                    suspects[key] = sorted({*suspects[key], one, other})
    return dict(suspects)


def list_content_words(group: Group, document_id: str) -> set[str]:
    """Return the longer words of a paper's definition, singular, without those of the name itself."""
    words = re.findall(r"[^\W\d_]{5,}", group.definitions[document_id].lower())
    return {fold_plural(word) for word in words} - set(re.split(r"[\s-]+", group.key)) - _VAGUE
