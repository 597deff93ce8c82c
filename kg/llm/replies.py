"""From the text of a reply to findings: the JSON is cut out, and each record stands for itself."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pydantic_core

from graphtune.config import ExtractConfig
from graphtune.errors import ExtractionError
from graphtune.kg.llm.batches import Batch
from graphtune.kg.llm.grounding import ground_entry, list_items
from graphtune.kg.llm.hybrid import combine_findings
from graphtune.kg.llm.records import MAX_NAME, is_hybrid
from graphtune.kg.names import normalize_name
from graphtune.kg.ontology import Ontology
from graphtune.records import Chunk, Extraction, FoundConcept

#: Braces at which JSON is looked for: text before it may hold some.
_MAX_STARTS = 20
_STRING_OR_END = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|\}', re.DOTALL)
#: A sound escape as a whole, or a lone backslash.
_ESCAPE = re.compile(r'\\(?:[\\"/bfnrt]|u[0-9a-fA-F]{4})?')
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
        extraction = ground_entry(entry, chunk, ontology, config)
        if whole or extraction.concepts or extraction.relations:
            if is_hybrid(config):
                names = (name for name in list_items(entry, "wrong") if isinstance(name, str))
                wrong = [name for name in names if len(name) <= MAX_NAME]
                extraction = combine_findings(proposals, extraction, wrong, ontology.fallback_type)
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

    Text and fences around it, and thoughts before it, do not matter. Of a broken object the records
    that end before the break are taken.

    Raises:
        ExtractionError: there is no JSON object.

    >>> parse_reply('<think>{"a": 1}</think>```json\n{"passages": []}\n```')
    ({'passages': []}, True)
    >>> parse_reply('{"passages": [{"passage": 1, "concepts": [{"name": "poset"}, {"name": "latt')
    ({'passages': [{'passage': 1, 'concepts': [{'name': 'poset'}]}]}, False)
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
    text = _ESCAPE.sub(lambda match: match[0] if len(match[0]) > 1 else r"\\", text)
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except json.JSONDecodeError as error:
        ends = [
            part.end() for part in _STRING_OR_END.finditer(text, 0, error.pos) if part[0] == "}"
        ]
    except (ValueError, RecursionError):  # an endless number, or nesting without end
        return None
    try:
        return pydantic_core.from_json(text[: max(ends, default=0)], allow_partial=True)
    except ValueError:
        return None


def _as_entry(value: Any) -> _Entry | None:
    """Return the object that was asked for, where a value is one, or lacks only its frame."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        value = {"passages": value} if "name" not in value[0] else {"concepts": value}
    if not isinstance(value, dict) or not value.keys() & {"passages", "concepts", "relations"}:
        return None
    # Lone surrogates are legal in JSON, and nowhere else.
    try:
        loaded: _Entry = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        return None
    return loaded


def _list_entries(
    data: _Entry, batch: Batch
) -> Iterator[tuple[Chunk, tuple[FoundConcept, ...], _Entry]]:
    """Yield the passages that a reply speaks of, each with its entry."""
    entries = data.get("passages", [data])
    numbers = {str(number): number - 1 for number in range(1, len(batch.chunks) + 1)}
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, dict):
            continue
        # What is said of the only passage is about that, whatever number it bears.
        only = len(batch.chunks) == 1
        index = 0 if only else numbers.get(str(entry.get("passage")).strip())
        if index is not None:
            yield batch.chunks[index], batch.proposals[index] if batch.proposals else (), entry
