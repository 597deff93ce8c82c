"""What a reply holds: its strict schema, made from the ontology, and the lenient reading of a record."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from graphtune.config import ExtractConfig
from graphtune.kg.ontology import Ontology
from graphtune.records import Role

#: Roles that a model may give; "bibliography" is for the linking of mentions to say.
ReplyRole = Literal["defines", "states", "uses", "mentions"]
#: Other names that a model may give one concept.
MAX_ALIASES = 3
#: Characters; a longer name is none, and of longer texts the rest is not read.
MAX_NAME, _MAX_TEXT = 200, 2000


def _read_list(value: object) -> list[Any]:
    """Take null for nothing and one item for a list of one, as many models do."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _read_text(value: object) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


_Name = Annotated[str, Field(max_length=MAX_NAME)]
_Text = Annotated[str, BeforeValidator(_read_text)]


class ConceptRecord(BaseModel):
    """A concept as a model reports it; only the name is needed, the rest may be missing or odd."""

    name: _Name
    type: _Text = ""
    role: _Text = ""
    description: _Text = ""
    aliases: Annotated[list[_Text], BeforeValidator(_read_list)] = []
    quote: _Text = ""


class RelationRecord(BaseModel):
    """A relation as a model reports it."""

    source: _Name
    type: _Text
    target: _Name
    quote: _Text = ""


def make_schema(ontology: Ontology, config: ExtractConfig) -> type[BaseModel]:
    """Return the model of a reply: one entry a passage, the ontology's names as enumerations.

    It suits the strict mode of structured output: every field is required, no other is allowed, and
    all lists are capped. A hybrid's reply has the list `wrong` of proposals besides. The fields stand
    in the order in which they should be written: what a quote shows is decided after it is copied.

    >>> from graphtune.kg.ontology import load_ontology
    >>> schema = make_schema(load_ontology(), ExtractConfig(extractor="hybrid"))
    >>> passage = schema.model_json_schema()["$defs"]["Passage"]
    >>> passage["required"]
    ['passage', 'wrong', 'concepts', 'relations']
    """
    strict = ConfigDict(extra="forbid")
    # Types that are made at run time; mypy cannot follow them.
    types: Any = Literal[tuple(ontology.types)]
    relations: Any = Literal[tuple(ontology.relations)]
    concept: Any = create_model(
        "Concept",
        __config__=strict,
        name=(str, ...),
        type=(types, ...),
        role=(ReplyRole, ...),
        aliases=(Annotated[list[str], Field(max_length=MAX_ALIASES)], ...),
        description=(str, ...),
    )
    relation: Any = create_model(
        "Relation",
        __config__=strict,
        quote=(str, ...),
        source=(str, ...),
        type=(relations, ...),
        target=(str, ...),
    )
    cap = Field(max_length=config.max_records)
    wrong: dict[str, Any] = {"wrong": (Annotated[list[str], cap], ...)} if is_hybrid(config) else {}
    passage: Any = create_model(
        "Passage",
        __config__=strict,
        passage=(int, ...),
        **wrong,
        concepts=(Annotated[list[concept], cap], ...),
        relations=(Annotated[list[relation], cap], ...),
    )
    return create_model("Reply", __config__=strict, passages=(list[passage], ...))


def is_hybrid(config: ExtractConfig) -> bool:
    """Tell whether the model is shown what the rules propose; `auto` with an endpoint is hybrid."""
    return config.extractor != "llm"


def read_role(name: str) -> Role:
    """Return the role that a model gives, "mentions" where it gives none.

    >>> read_role("Defines"), read_role("bibliography")
    ('defines', 'mentions')
    """
    known: dict[str, Role] = {role: role for role in get_args(ReplyRole)}
    return known.get(name.strip().lower(), "mentions")
