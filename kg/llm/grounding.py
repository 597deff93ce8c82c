"""What a reply says of one passage, record by record: kept with its evidence, or left out and counted."""

from collections import Counter
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from graphtune.config import ExtractConfig
from graphtune.kg.llm.evidence import (
    is_alias_stated,
    is_grounded,
    locate_concept,
    locate_quote,
    locate_relation,
)
from graphtune.kg.llm.records import MAX_ALIASES, ConceptRecord, RelationRecord, read_role
from graphtune.kg.mentions import find_name
from graphtune.kg.names import is_plausible_name, is_useful_alias, normalize_name, trim_name
from graphtune.kg.ontology import MappedRelation, Ontology
from graphtune.records import Chunk, Extraction, FoundConcept, FoundRelation

_MAX_DESCRIPTION = 500
#: Characters of a model's own word that go into a reason.
_MAX_WORD = 40
_Record = TypeVar("_Record", bound=BaseModel)


class _RejectedError(Exception):
    """A record is left out; the message is the reason under which it is counted."""


def ground_entry(
    entry: dict[str, Any], chunk: Chunk, ontology: Ontology, config: ExtractConfig
) -> Extraction:
    """Return the concepts and relations of a passage's entry that the passage bears out.

    >>> from graphtune.kg.ontology import load_ontology
    >>> chunk = Chunk("c", "d", 0, "A lattice is a poset.", 0, 21, "", 1, 1, 6)
    >>> edge = {"quote": "A lattice is a poset", "source": "poset", "type": "has_instance",
    ...         "target": "lattice"}
    >>> found = ground_entry({"relations": [edge]}, chunk, load_ontology(), ExtractConfig())
    >>> found.relations
    (FoundRelation(source='lattice', type='is_instance_of', target='poset', start=0, end=20),)
    """
    reader = _EntryReader(chunk, ontology, config.max_records)
    concepts = reader.read_concepts(list_items(entry, "concepts"))
    relations = reader.read_relations(list_items(entry, "relations"), concepts)
    return Extraction(tuple(concepts), tuple(relations), tuple(sorted(reader.reasons.items())))


def list_items(entry: dict[str, Any], key: str) -> list[Any]:
    """Return the list under a key, or an empty one.

    >>> list_items({"concepts": [1]}, "concepts"), list_items({"concepts": None}, "concepts")
    ([1], [])
    """
    items = entry.get(key)
    return items if isinstance(items, list) else []


class _EntryReader:
    """Reads the records of one passage; `reasons` counts what it leaves out."""

    def __init__(self, chunk: Chunk, ontology: Ontology, limit: int) -> None:
        self._text = chunk.text
        self._ontology = ontology
        self._limit = limit
        self.reasons: Counter[str] = Counter()

    def read_concepts(self, items: list[Any]) -> list[FoundConcept]:
        """Return the concepts, each name once."""
        records = self._take("concept", items, ConceptRecord)
        listed = {normalize_name(record.name) for record in records}
        found: dict[str, FoundConcept] = {}
        for record in records:
            try:
                concept = self._read_concept(record, listed)
                found.setdefault(normalize_name(concept.name), concept)
            except _RejectedError as reason:
                self.reasons[str(reason)] += 1
        return list(found.values())

    def read_relations(self, items: list[Any], concepts: list[FoundConcept]) -> list[FoundRelation]:
        """Return the relations, each once; an end may stand in the text under another of its names."""
        surfaces = {
            normalize_name(name): (concept.name, *concept.aliases)
            for concept in concepts
            for name in (concept.name, *concept.aliases)
        }
        found: dict[tuple[str, str, str], FoundRelation] = {}
        for record in self._take("relation", items, RelationRecord):
            try:
                relation = self._read_relation(record, surfaces)
                source, target = normalize_name(relation.source), normalize_name(relation.target)
                found.setdefault((source, relation.type, target), relation)
            except _RejectedError as reason:
                self.reasons[str(reason)] += 1
        return list(found.values())

    def _take(self, kind: str, items: list[Any], model: type[_Record]) -> list[_Record]:
        if len(items) > self._limit:
            self.reasons[f"more than {self._limit} {kind}s"] += len(items) - self._limit
        records = []
        for item in items[: self._limit]:
            try:
                records.append(model.model_validate(item))
            except ValidationError:
                self.reasons[f"malformed {kind}"] += 1
        return records

    def _read_concept(self, record: ConceptRecord, listed: set[str]) -> FoundConcept:
        name = trim_name(record.name)
        if not is_plausible_name(name):
            raise _RejectedError("concept that is no name")
        span = locate_concept(name, record.quote, self._text)
        if not span:
            raise _RejectedError("concept without evidence")
        kind = self._ontology.map_type(record.type)
        if not kind:
            self.reasons[f"type outside the ontology: {record.type[:_MAX_WORD]}"] += 1
            kind = self._ontology.fallback_type
        description = " ".join(record.description.split())[:_MAX_DESCRIPTION]
        if description and not is_grounded(description, self._text):
            self.reasons["description without evidence"] += 1
            description = ""
        aliases = self._read_aliases(record, name, listed)
        return FoundConcept(name, kind, *span, description, aliases, read_role(record.role))

    def _read_aliases(self, record: ConceptRecord, name: str, listed: set[str]) -> tuple[str, ...]:
        """Return the other names that the passage states; what is a concept of its own is none."""
        aliases = dict.fromkeys(trim_name(alias) for alias in record.aliases[:MAX_ALIASES])
        others = [a for a in aliases if a and normalize_name(a) != normalize_name(name)]
        kept = tuple(
            alias
            for alias in others
            if is_useful_alias(alias, name)
            and normalize_name(alias) not in listed
            and is_alias_stated(alias, name, self._text)
        )
        if len(kept) < len(others):
            self.reasons["alias without evidence"] += len(others) - len(kept)
        return kept

    def _read_relation(
        self, record: RelationRecord, surfaces: dict[str, tuple[str, ...]]
    ) -> FoundRelation:
        ends = trim_name(record.source), trim_name(record.target)
        forms = [normalize_name(end) for end in ends]
        if forms[0] == forms[1] or not all(map(is_plausible_name, ends)):
            raise _RejectedError("relation whose ends are no two names")
        names = [surfaces.get(form, (end,)) for form, end in zip(forms, ends, strict=True)]
        if not all(find_name(list(surface), self._text) for surface in names):
            raise _RejectedError("relation with an end not named")
        span = locate_relation(record.quote, names, self._text)
        if not span:
            found = locate_quote(record.quote, self._text)
            raise _RejectedError(
                "relation whose quote does not name its ends"
                if found
                else "relation without evidence"
            )
        mapped = self._map_relation(record.type)
        source, target = reversed(ends) if mapped.inverse else ends
        return FoundRelation(source, mapped.type, target, *span)

    def _map_relation(self, name: str) -> MappedRelation:
        if mapped := self._ontology.map_relation(name):
            return mapped
        reason = f"relation outside the ontology: {name[:_MAX_WORD]}"
        if not self._ontology.fallback_relation:
            raise _RejectedError(reason)
        self.reasons[reason] += 1
        return MappedRelation(self._ontology.fallback_relation, inverse=False)
