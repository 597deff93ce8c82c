"""The ontology: which types and relations a graph may have, and what each implies for training."""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from graphtune.errors import ConfigError
from graphtune.records import ConceptType, RelationType

Policy = Literal["positive", "soft", "hard_negative", "ignore"]
Direction = Literal["forward", "backward", "both"]
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class MappedRelation(NamedTuple):
    """Our name of a relation, and whether the other name reads it from target to source."""

    type: RelationType
    inverse: bool


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    aliases: tuple[str, ...] = ()


class ConceptKind(_Entry):
    """A type of concept; `aliases` are other names that mean the same."""


class RelationKind(_Entry):
    """A type of relation, read "source relation target"; the default file explains the fields."""

    phrase: str = ""
    inverses: tuple[str, ...] = ()
    sources: tuple[ConceptType, ...] = ()
    targets: tuple[ConceptType, ...] = ()
    both_ways: RelationType = ""
    along: RelationType = ""
    pairs: Policy = "ignore"
    direction: Direction = "both"


class Ontology(BaseModel):
    """Types and relations of a domain. What lies outside takes a fallback, or is dropped if it is ""."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    fallback_type: ConceptType
    fallback_relation: RelationType = ""
    types: dict[ConceptType, ConceptKind] = Field(min_length=1)
    relations: dict[RelationType, RelationKind] = Field(min_length=1)

    @model_validator(mode="after")
    def check_names(self) -> Self:
        """Refuse names that are ill-formed, unknown, or mean two things."""
        for name in (*self.types, *self.relations):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} must be lower-case letters, digits and underscores")
        _check_known("fallback_type", [self.fallback_type], self.types)
        _check_known("fallback_relation", filter(None, [self.fallback_relation]), self.relations)
        for key, kind in self.relations.items():
            _check_known(f"relations.{key} ends", (*kind.sources, *kind.targets), self.types)
            _check_known(
                f"relations.{key}.both_ways", filter(None, [kind.both_ways]), self.relations
            )
            _check_known(f"relations.{key}.along", filter(None, [kind.along]), self.relations)
        _check_single([(key, *kind.aliases) for key, kind in self.types.items()])
        _check_single([(key, *k.aliases, *k.inverses) for key, k in self.relations.items()])
        return self

    def map_type(self, name: str) -> ConceptType | None:
        """Return our name of a type, or None for one that is outside the ontology.

        >>> load_ontology().map_type("Lemma"), load_ontology().map_type("banana")
        ('theorem', None)
        """
        return self._types.get(_fold(name))

    def map_relation(self, name: str) -> MappedRelation | None:
        """Return our name of a relation and its direction, or None for one outside the ontology.

        >>> load_ontology().map_relation("is a special case of")
        MappedRelation(type='specializes_to', inverse=True)
        """
        return self._relations.get(_fold(name))

    def fits_ends(self, relation: RelationType, source: ConceptType, target: ConceptType) -> bool:
        """Tell whether a relation may have ends of these types.

        >>> load_ontology().fits_ends("conjectured_by", "conjecture", "object")
        False
        """
        kind = self.relations[relation]
        return (not kind.sources or source in kind.sources) and (
            not kind.targets or target in kind.targets
        )

    def phrase(self, relation: RelationType) -> str:
        """Return how a relation is said in a sentence.

        >>> load_ontology().phrase("generalizes"), load_ontology().phrase("is_instance_of")
        ('generalizes', 'is an instance of')
        """
        kind = self.relations.get(relation)
        return (kind.phrase if kind else "") or relation.replace("_", " ")

    def digest(self) -> str:
        """Return 16 hex digits that change whenever the ontology does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @cached_property
    def _types(self) -> dict[str, ConceptType]:
        return {_fold(a): key for key, kind in self.types.items() for a in (key, *kind.aliases)}

    @cached_property
    def _relations(self) -> dict[str, MappedRelation]:
        names: dict[str, MappedRelation] = {}
        for key, kind in self.relations.items():
            names |= {_fold(alias): MappedRelation(key, False) for alias in (key, *kind.aliases)}
            names |= {_fold(inverse): MappedRelation(key, True) for inverse in kind.inverses}
        return names


@cache
def _fold(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def _check_known(place: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{place}: {name!r} is not defined; known are {', '.join(known)}")


def _check_single(rows: list[tuple[str, ...]]) -> None:
    owners: dict[str, str] = {}
    for key, *others in rows:
        for name in (key, *others):
            if owners.setdefault(_fold(name), key) != key:
                raise ValueError(f"{name!r} stands for both {owners[_fold(name)]!r} and {key!r}")


@cache
def load_ontology(path: Path | None = None) -> Ontology:
    """Read an ontology from a TOML file; without one, that of mathematics.

    Raises:
        ConfigError: the file cannot be read, is no TOML, or does not hold an ontology.
    """
    try:
        source = path or resources.files("graphtune.data") / "ontologies" / "mathematics.toml"
        return Ontology.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"the ontology {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the ontology {path} is not valid TOML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"[{'.'.join(map(str, item['loc']))}] {item['msg']}" for item in error.errors()
        )
        raise ConfigError(f"the ontology {path}: {problems}") from error
