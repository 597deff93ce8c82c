"""From the text of a reply to findings: the JSON is cut out, and each record stands for itself."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeVar

import pydantic_core
from pydantic import BaseModel, ValidationError

from graphtune.config import ExtractConfig
from graphtune.errors import ExtractionError
from graphtune.kg.llm.batches import Batch
from graphtune.kg.llm.evidence import (
    is_alias_stated,
    is_grounded,
    locate_concept,
    locate_relation,
)
from graphtune.kg.llm.hybrid import combine_findings
from graphtune.kg.llm.records import MAX_ALIASES, ConceptRecord, RelationRecord, is_hybrid, list_roles
from graphtune.kg.mentions import find_name
from graphtune.kg.names import is_plausible_name, is_useful_alias, normalize_name, trim_name
from graphtune.kg.ontology import MappedRelation, Ontology
from graphtune.records import Chunk, Extraction, FoundConcept, FoundRelation, Role

#: Braces at which JSON is looked for: text before it may hold some.
_MAX_STARTS = 20
_MAX_DESCRIPTION = 500
_Record = TypeVar("_Record", bound=BaseModel)
_Entry = dict[str, Any]


def read_reply(
    content: str, batch: Batch, ontology: Ontology, config: ExtractConfig
) -> dict[str, Extraction]:
    """Return, by chunk id, what a reply says of each passage and the passage bears out.

    A record costs only itself: one that is malformed, names what is no name or lacks evidence is left
    out and counted by reason. Types and relations outside the ontology are mapped to its own, and
    counted. Passages that the reply does not reach, because it was cut off, are absent.

    Raises:
        ExtractionError: the reply holds no JSON, or says nothing of any passage.

    >>> from graphtune.kg.ontology import load_ontology
    >>> chunk = Chunk("c", "d", 0, "A poset is a set with a partial order.", 0, 38, "", 1, 1, 10)
    >>> record = {"name": "posets", "type": "structure", "role": "defines"}
    >>> records = [record, {**record, "name": "lattice"}]
    >>> content = json.dumps({"passages": [{"passage": 1, "concepts": records, "relations": []}]})
    >>> config = ExtractConfig(extractor="llm")
    >>> found = read_reply(f"Here it is: {content}", Batch("", (chunk,)), load_ontology(), config)["c"]
    >>> found.concepts
    (FoundConcept(name='posets', type='object', start=2, end=7, description='', aliases=(), role='defines'),)
    >>> found.rejections
    (('concept without evidence', 1),)
    """
    data, whole = parse_reply(content)
    found: dict[str, Extraction] = {}
    for chunk, proposals, entry in _list_entries(data, batch):
        reader = _EntryReader(chunk, ontology, config)
        extraction = reader.read(entry)
        if whole or extraction.concepts or extraction.relations:
            if is_hybrid(config):
                wrong = [name for name in _list_items(entry, "wrong") if isinstance(name, str)]
                extraction = combine_findings(proposals, extraction, wrong)
            known = found.get(chunk.id)
            found[chunk.id] = merge_extractions(known, extraction) if known else extraction
    if not found:
        cut = "" if whole else " (it is cut off or malformed)"
        raise ExtractionError(
            f"the reply says nothing of the passages asked about{cut}: {content[:200]!r}"
        )
    return found


def merge_extractions(first: Extraction, second: Extraction) -> Extraction:
    """Return the findings of two replies about one passage; what the first says of a concept stays.

    >>> one, two = FoundConcept("poset", "object", 2, 7), FoundConcept("posets", "theorem", 2, 7)
    >>> merged = merge_extractions(Extraction((one,)), Extraction((two,), (), (("no name", 1),)))
    >>> [concept.name for concept in merged.concepts], merged.rejections
    (['poset'], (('no name', 1),))
    """
    known = {normalize_name(concept.name) for concept in first.concepts}
    concepts = [c for c in second.concepts if normalize_name(c.name) not in known]
    reasons = Counter(dict(first.rejections)) + Counter(dict(second.rejections))
    return Extraction(
        (*first.concepts, *concepts),
        tuple(dict.fromkeys((*first.relations, *second.relations))),
        tuple(sorted(reasons.items())),
    )


def parse_reply(content: str) -> tuple[_Entry, bool]:
    r"""Cut the JSON object out of a reply, and tell whether it is whole.

    Text and fences around it, and thoughts before it, do not matter. Of a broken object the part
    before the break is taken, without the value that it breaks.

    Raises:
        ExtractionError: there is no JSON object.

    >>> parse_reply('<think>{"a": 1}</think>```json\n{"passages": []}\n```')
    ({'passages': []}, True)
    >>> parse_reply('{"passages": [{"passage": 1, "concepts": [{"name": "pos')
    ({'passages': [{'passage': 1, 'concepts': [{}]}]}, False)
    """
    text = re.sub(r"\A.*</think>", "", content, flags=re.DOTALL)
    starts = [match.start() for match in re.finditer(r"[{\[]", text)][:_MAX_STARTS]
    for start in starts:
        try:
            value, _ = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if entry := _as_entry(value):
            return entry, True
    for start in starts:
        if entry := _as_entry(_parse_broken(text[start:])):
            return entry, False
    raise ExtractionError(f"the reply holds no JSON object as asked for: {content[:200]!r}")


def _parse_broken(text: str) -> Any:
    # LaTeX that was not escaped ("\lambda") breaks strings that are fine otherwise.
    text = re.sub(r'\\(?![\\"/bfnrtu])|\\u(?![0-9a-fA-F]{4})', lambda m: "\\" + m[0], text)
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except json.JSONDecodeError as error:
        text = text[: error.pos]
    except RecursionError:
        return None
    try:
        return pydantic_core.from_json(text, allow_partial=True)
    except ValueError:
        return None


def _as_entry(value: Any) -> _Entry | None:
    """Return the object that was asked for, where a value is one, or lacks only its frame."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        value = {"passages": value} if "name" not in value[0] else {"concepts": value}
    if not isinstance(value, dict) or not value.keys() & {"passages", "concepts", "relations"}:
        return None
    # Lone surrogates are legal in JSON, and nowhere else.
    clean = json.dumps(value, ensure_ascii=False).encode(errors="replace")
    loaded: _Entry = json.loads(clean)
    return loaded


def _list_entries(
    data: _Entry, batch: Batch
) -> Iterator[tuple[Chunk, tuple[FoundConcept, ...], _Entry]]:
    """Yield the passages that a reply speaks of, each with its entry."""
    entries = data.get("passages", [data])
    entries = entries if isinstance(entries, list) else [entries]
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        # What is said of the only passage is about that, whatever number it bears.
        number = entry.get("passage") if len(batch.chunks) > 1 else 1
        if str(number).strip().isdecimal() and 1 <= int(str(number)) <= len(batch.chunks):
            index = int(str(number)) - 1
            yield batch.chunks[index], batch.proposals[index] if batch.proposals else (), entry


def _list_items(entry: _Entry, key: str) -> list[Any]:
    items = entry.get(key)
    return items if isinstance(items, list) else []


def _validate(model: type[_Record], item: object) -> _Record | None:
    try:
        return model.model_validate(item)
    except ValidationError:
        return None


class _EntryReader:
    """Reads what a reply says of one passage, and counts what it leaves out."""

    def __init__(self, chunk: Chunk, ontology: Ontology, config: ExtractConfig) -> None:
        self._chunk = chunk
        self._ontology = ontology
        self._limit = config.max_records
        self._reasons: Counter[str] = Counter()

    def read(self, entry: _Entry) -> Extraction:
        """Return the concepts and relations that have evidence."""
        records = [r for r in self._take(entry, "concepts", ConceptRecord) if r.name.strip()]
        listed = {normalize_name(record.name) for record in records}
        concepts = [found for record in records if (found := self._read_concept(record, listed))]
        surfaces = {
            normalize_name(name): (concept.name, *concept.aliases)
            for concept in concepts
            for name in (concept.name, *concept.aliases)
        }
        relations = [
            found
            for record in self._take(entry, "relations", RelationRecord)
            if (found := self._read_relation(record, surfaces))
        ]
        return Extraction(
            tuple({normalize_name(c.name): c for c in reversed(concepts)}.values())[::-1],
            tuple(dict.fromkeys(relations)),
            tuple(sorted(self._reasons.items())),
        )

    def _take(self, entry: _Entry, key: str, model: type[_Record]) -> list[_Record]:
        items = _list_items(entry, key)
        self._count(f"more than {self._limit} {key}", max(0, len(items) - self._limit))
        records = [_validate(model, item) for item in items[: self._limit]]
        kept = [record for record in records if record]
        self._count(f"malformed {key[:-1]}", len(records) - len(kept))
        return kept

    def _count(self, reason: str, number: int = 1) -> None:
        if number:
            self._reasons[reason] += number

    def _read_concept(self, record: ConceptRecord, listed: set[str]) -> FoundConcept | None:
        name, text = trim_name(record.name), self._chunk.text
        if not is_plausible_name(name):
            return self._count("concept that is no name")
        span = locate_concept(name, record.quote, text)
        if not span:
            return self._count("concept without evidence")
        description = " ".join(record.description.split())[:_MAX_DESCRIPTION]
        if description and not is_grounded(description, text):
            self._count("description without evidence")
            description = ""
        kind = self._ontology.map_type(record.type)
        if not kind:
            self._count(f"type outside the ontology: {record.type[:40]}")
        aliases = self._read_aliases(record, name, listed)
        role: Role = record.role if record.role in list_roles() else "mentions"  # type: ignore[assignment]
        return FoundConcept(
            name, kind or self._ontology.fallback_type, *span, description, aliases, role
        )

    def _read_aliases(
        self, record: ConceptRecord, name: str, listed: set[str]
    ) -> tuple[str, ...]:
        """Return the other names that the passage states; what is a concept of its own is none."""
        aliases = dict.fromkeys(trim_name(alias) for alias in record.aliases[:MAX_ALIASES])
        others = [a for a in aliases if a and normalize_name(a) != normalize_name(name)]
        kept = tuple(
            alias
            for alias in others
            if is_useful_alias(alias, name)
            and normalize_name(alias) not in listed
            and is_alias_stated(alias, name, self._chunk.text)
        )
        self._count("alias without evidence", len(others) - len(kept))
        return kept

    def _read_relation(
        self, record: RelationRecord, surfaces: dict[str, tuple[str, ...]]
    ) -> FoundRelation | None:
        ends = [trim_name(record.source), trim_name(record.target)]
        forms = [normalize_name(end) for end in ends]
        if forms[0] == forms[1] or not all(map(is_plausible_name, ends)):
            return self._count("relation whose ends are no two names")
        names = [surfaces.get(form, (end,)) for form, end in zip(forms, ends, strict=True)]
        span = locate_relation(record.quote, names, self._chunk.text)
        if not span:
            places = [find_name(list(end), self._chunk.text) for end in names]
            return self._count(
                "relation without evidence" if all(places) else "relation with an end not named"
            )
        mapped = self._ontology.map_relation(record.type)
        if not mapped:
            self._count(f"relation outside the ontology: {record.type[:40]}")
            if not self._ontology.fallback_relation:
                return None
            mapped = MappedRelation(self._ontology.fallback_relation, inverse=False)
        source, target = reversed(ends) if mapped.inverse else ends
        return FoundRelation(source, mapped.type, target, *span)
