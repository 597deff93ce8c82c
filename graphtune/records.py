"""Records that pass between the stages; all spans are half-open character offsets, `text[start:end]`."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

#: Names of the types of concepts and relations, as the ontology in use defines them.
ConceptType = str
RelationType = str
#: What a passage does with a concept it names, strongest first.
Role = Literal["defines", "states", "uses", "mentions", "bibliography"]
#: Where a concept or relation comes from.
Origin = Literal["rules", "llm", "hybrid", "imported", "hand"]
#: How reading ended: whole; with warnings; no text layer; needs a password; no pages; and so on.
Status = Literal["ok", "degraded", "empty", "encrypted", "zero_pages", "timeout", "crash", "error"]
#: What a stretch of a document is; `reference` is one entry of the bibliography.
UnitKind = Literal[
    "title", "authors", "abstract", "heading", "statement", "proof", "caption", "footnote", "reference",
    "text",
]  # fmt: skip
#: Why text was left out.
RemovalReason = Literal[
    "running head", "page number", "line number", "template", "contents", "turned", "hidden"
]
#: How a chunk points to another one: it proves its statement, names it ("by Lemma 3.1"), cites an entry
#: of the bibliography that the other holds ("[7]"), or says nearly the same.
LinkType = Literal["proves", "refers_to", "cites", "near_duplicate"]
#: How training pairs are made.
Recipe = Literal["evidence", "mention", "seed"]
#: What an anchor is; a name meets its `definition` without the name, a statement its `proof`, a sentence
#: that calls on a statement (`reference`) that statement; `extra` ones are brought along.
Style = Literal[
    "name", "alias", "description", "definition", "section", "proof", "reference", "question", "edge", "extra"
]  # fmt: skip
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


class Box(NamedTuple):
    """A rectangle on a page (from 1), in points, from the upper left corner; y grows downwards."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch `[start, end)` of a text with one function: whole paragraphs, one after the other.

    For a statement ("Theorem 2.3 (Pieri rule). …") `label` is "Theorem", `number` "2.3", `name`
    "Pieri rule", and its body begins at `head_end`; a proof has `label` "Proof" and `proves`, the start
    of the statement that it proves, where that is known. A reference has its mark ("7") as `number`. In
    a chunk all offsets count from the chunk's start, and a unit that goes on outside is clipped
    (`proves` is not kept there).
    """

    start: int
    end: int
    kind: UnitKind
    head_end: int
    label: str = ""
    number: str = ""
    name: str = ""
    proves: int | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """Text of a page (from 1) that was left out of the document on purpose."""

    page: int
    text: str
    reason: RemovalReason


@dataclass(frozen=True, slots=True)
class Label:
    r"""The text `[start, end)` points to the place `target` of its document: `\ref`, "by Lemma 2"."""

    start: int
    end: int
    target: int


@dataclass(frozen=True, slots=True)
class Document:
    """A paper as clean text.

    `id` is the first 16 hex digits of `sha256`, the hash of the file's bytes. Paragraphs of `text`
    are separated by a blank line and hold no line breaks. `page_starts[i]` is the offset at which
    page i + 1 begins (one entry, 0, where a format has no pages). `emphasis` are the spans set in a
    face that differs from their surroundings: italic or bold in upright text, upright in italic.
    `units` cover every paragraph once, in order; `displays` are the displayed formulas inside them.
    `lines` says which box each printed line has that begins at an offset (PDF only). `warnings` are
    what the reader complained of: a document with any is degraded, not whole.
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
    authors: str = ""
    units: tuple[Unit, ...] = ()
    displays: tuple[Span, ...] = ()
    lines: tuple[tuple[int, Box], ...] = ()
    labels: tuple[Label, ...] = ()
    removed: tuple[Removal, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a chunk's text is, all from 0 to 1.

    `score` falls with the shares of junk characters (replacement and private-use ones, loose accents),
    of printed lines of at most 3 characters, of mathematics, and where its document has warnings.
    """

    score: float = 1.0
    junk: float = 0.0
    short_lines: float = 0.0
    mathematics: float = 0.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: `document.text[start:end] == text`.

    `heading` is the section path ("2 Tableaux > 2.1 Insertion"), pages count from 1, `emphasis` and
    `units` are relative to the chunk's own text. `prefix` is the part of the section path that `text`
    does not begin with itself; encoders read `passage`, and `n_tokens` counts the tokens of that for the
    base model, without special ones. `kind` is that of most of its text. `id` is unique in the
    workspace; `content_id` depends on the normalised text and the section path alone.
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
    prefix: str = ""
    kind: UnitKind = "text"
    units: tuple[Unit, ...] = ()
    boxes: tuple[Box, ...] = ()
    quality: Quality = Quality()
    content_id: str = ""

    @property
    def passage(self) -> str:
        """What encoders and searchers read: the prefix on a line of its own, and the text."""
        return f"{self.prefix}\n{self.text}" if self.prefix else self.text


@dataclass(frozen=True, slots=True)
class ChunkLink:
    """A typed edge between two chunks; `[start, end)` is where the source names the target, if it does.

    A near-duplicate is linked once, from the smaller id on; `weight` is the texts' Jaccard similarity.
    """

    source: str
    type: LinkType
    target: str
    start: int = 0
    end: int = 0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """How reading one file ended: a document with its chunks, or a status that says why not."""

    path: str
    status: Status
    message: str = ""
    document: Document | None = None
    chunks: tuple[Chunk, ...] = ()
    links: tuple[ChunkLink, ...] = ()


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
    """What an extractor found in one chunk; `rejections` counts the records left out, by reason."""

    concepts: tuple[FoundConcept, ...] = ()
    relations: tuple[FoundRelation, ...] = ()
    rejections: tuple[tuple[str, int], ...] = ()


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
    """A typed, directed edge; imported ones and those added by hand have no evidence (`chunk_id` is None).

    `note` says what resolution changed, such as "was generalizes" where papers contradict each other.
    """

    source: str
    type: RelationType
    target: str
    origin: Origin
    chunk_id: str | None = None
    start: int = 0
    end: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A training example: `style` says how the anchor was made, `concept_id` whose it is, if anyone's.

    `chunk_id` is where the positive stands and `negative_id` where the hard negative does, if they are
    passages of the graph. `weight` is how often the pair is drawn, relative to others.
    """

    anchor: str
    positive: str
    style: Style
    concept_id: str
    chunk_id: str
    document_id: str
    weight: float = 1.0
    negative: str = ""
    negative_id: str = ""
