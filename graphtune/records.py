"""Records that pass between the stages: small, immutable, without behaviour.

All spans are half-open character offsets, `text[start:end]`.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

ConceptType = Literal[
    "object", "theorem", "conjecture", "technique", "identity", "formula", "person", "definition"
]
RelationType = Literal[
    "proves",
    "generalizes",
    "uses",
    "implies",
    "is_instance_of",
    "conjectured_by",
    "related_to",
    "equivalent_to",
    "specializes_to",
    "defined_in",
]
#: What a passage does with a concept it names, strongest first.
Role = Literal["defines", "states", "uses", "mentions", "bibliography"]
#: Where a concept or relation comes from.
Origin = Literal["rules", "llm", "imported"]
#: How reading a file ended.
Status = Literal["ok", "empty", "encrypted", "error"]

CONCEPT_TYPES: tuple[ConceptType, ...] = get_args(ConceptType)
RELATION_TYPES: tuple[RelationType, ...] = get_args(RelationType)
ROLES: tuple[Role, ...] = get_args(Role)

#: Graded relevance of a passage to a concept, by the role of the mention.
GRADES: dict[Role, int] = {"defines": 3, "states": 2, "uses": 1, "mentions": 1, "bibliography": 0}


class Span(NamedTuple):
    """A half-open range of characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A section heading: where it starts in the document text, its depth (1 = section), its title."""

    start: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Document:
    """A paper as clean text.

    `id` is the first 16 hex digits of `sha256`, the hash of the file's bytes. Paragraphs of `text`
    are separated by a blank line and hold no line breaks. `page_starts[i]` is the offset at which
    page i + 1 begins (one entry, 0, where a format has no pages). `emphasis` are the spans set in a
    face that differs from their surroundings: italic or bold in upright text, upright in italic.
    """

    id: str
    path: str
    sha256: str
    format: Literal["pdf", "tex", "md", "txt"]
    title: str
    text: str
    page_starts: tuple[int, ...] = (0,)
    headings: tuple[Heading, ...] = ()
    emphasis: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: `document.text[start:end] == text`.

    `heading` is the section path ("2 Tableaux > 2.1 Insertion"), pages count from 1, `n_tokens` are
    tokens of the base model without special ones, `emphasis` is relative to the chunk's own text.
    """

    id: str
    document_id: str
    position: int
    text: str
    start: int
    end: int
    heading: str
    page_start: int
    page_end: int
    n_tokens: int
    emphasis: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundConcept:
    """A concept that an extractor saw in one chunk, with its evidence span in the chunk's text."""

    name: str
    type: ConceptType
    start: int
    end: int
    description: str = ""
    aliases: tuple[str, ...] = ()
    role: Role = "mentions"


@dataclass(frozen=True, slots=True)
class FoundRelation:
    """A relation between two named concepts that an extractor saw in one chunk, with its span."""

    source: str
    type: RelationType
    target: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extractor found in one chunk; `rejected` counts records without usable evidence."""

    concepts: tuple[FoundConcept, ...] = ()
    relations: tuple[FoundRelation, ...] = ()
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Concept:
    """A node of the graph. `id` is the normal form of its name; aliases do not repeat the name."""

    id: str
    name: str
    type: ConceptType
    description: str = ""
    aliases: tuple[str, ...] = ()
    origin: Origin = "rules"


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept's name or alias at a span of a chunk's text."""

    concept_id: str
    chunk_id: str
    start: int
    end: int
    role: Role


@dataclass(frozen=True, slots=True)
class Relation:
    """A typed, directed edge; imported ones have no evidence (`chunk_id` is None)."""

    source: str
    type: RelationType
    target: str
    origin: Origin
    chunk_id: str | None = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A training example: `style` says how the anchor was made, `concept_id` whose it is."""

    anchor: str
    positive: str
    style: str
    concept_id: str
    chunk_id: str
    document_id: str
