"""One found concept: its name, type, description and aliases, from the place where it stands."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from wordfreq import zipf_frequency

from graphtune.kg.names import (
    FUNCTION_WORDS,
    GENERIC_WORDS,
    fold_plural,
    is_plausible_name,
    is_useful_alias,
    normalize_name,
    trim_name,
)
from graphtune.kg.rules.descriptions import describe
from graphtune.kg.rules.phrases import guess_type, is_adjective, read_noun_phrase
from graphtune.kg.rules.subjects import find_bearer
from graphtune.records import ROLES, Chunk, ConceptType, FoundConcept, Role, Span

#: Words at least this frequent (on the Zipf scale: 10 to this power in a milliard) are everyday words.
COMMON = 4.2
#: "The nth tensor power" is a tensor power.
_ORDINAL = re.compile(r"^(?:[a-z]-?th)\s(?=\S+\s\S)")
_ACRONYM_BEHIND = re.compile(r"\s*\(([A-Z]{2,6})s?\b")
_NAMES_BEHIND = re.compile(r"\s*\(([a-z][a-z-]+(?:[ ,]+[a-z][a-z-]+){0,4})\)")
#: What a span may hold behind a name: "spanned by", "modulo", or a symbol, as in "Catalan number Cn".
_LOOSE_END = re.compile(
    r"(?:(?<!ly)\s+(?:of\s+(?:order|dimension|degree|type|length|rank|size)|with\s+respect|of|modulo|in|on|for|with|to|from|by|over|and|or|at|generated|associated|given|spanned"
    r"|induced|determined|(?!I|V|X)[A-Z][A-Za-z]|\S*[Α-ωϑϕℂ-ℤ𝐀-𝟿]\S*))+$"
)
#: "the chromatic polynomial of the graph G" is about the chromatic polynomial.
_OF_THIS = re.compile(r"(?<=\w{3})\s+of\s+the\s+[\w-]+$")
#: What may follow a name that tells its concept without it: "star height of a regular language".
_INSTANCE = re.compile(r"\s(?!(?:is|as|if|in|on|of|or|to|by|and|we|for|the)\b)\S{1,4}(?=[\s.,;:)])")
_OF_ANY = re.compile(r"(?P<head>.*\w{3})\s+(?:of\s+(?:an?|any|the)|on|over)\s+(?:[\w-]+\s?){1,3}$")
#: A property of these may stand for what has it: "polycyclic" for "polycyclic group".
_PROPERTY = re.compile(
    r"(?P<property>\S+|\S+\s\S+)\s(?:group|subgroup|semigroup|monoid|groupoid|quasigroup|loop|ring|subring"
    r"|field|near-ring|module|submodule|ideal|algebra|coalgebra|space|subspace|graph|subgraph|hypergraph"
    r"|tournament|matroid|matrix|poset|lattice|semilattice|category|extension|number|form|norm|set|element"
    r"|vertex|edge|vector|action|operator|map|homomorphism|function|series|sequence|equation)s?"
)
#: Adjectives that say which one is meant here.
_OF_THE_MOMENT = re.compile(
    r"(?:arbitrary|largest|smallest|underlying|common|resulting|corresponding|desired|given|new|above|actual"
    r"|appropriate|additional|different|distinct|entire|exact|next|original|previous|remaining|respective"
    r"|required|same|single|unknown|whole|ordinary|interesting|important|useful|nice|remarkable|well-known"
    r"|pairwise|non-?isomorphic|non-?trivial)\s",
    re.IGNORECASE,
)
_SIDES = frozenset(("left", "right", "new", "old", "higher", "lower"))
#: Another adjective between an adjective and its noun: "centre-by-finite (or central-by-finite) group".
_OTHER_ADJECTIVE = re.compile(
    r"\s\((?:or\s+|also\s+(?:called\s+)?|i\.e\.,?\s+)?(?P<other>[a-z][a-z-]*(?:\s[a-z][a-z-]*){0,3})\)"
    r"\s(?P<noun>[a-z]{4,})"
)
#: Lists, and phrases about the argument: "the distributive step", "a comparable case".
_NO_TERM = re.compile(
    r",\s|\s(?:cases?|steps?|ways?|facts?|things?|reasons?|situations?|answers?|questions?|results?)$"
    r"|^(?:finding|checking|computing|constructing|proving|showing|using|solving|deriving|verifying)\s"
    r"|\b(?P<twice>\w+)\s(?P=twice)$|\sin\s+the\s+\S+$|^\w+ly$|\s(?:to\s+be|being)\s|^\w+(?:ic|ed)\s+(?:to|with|by)\s",
    re.IGNORECASE,
)
_ALIAS_BEHIND = re.compile(
    r"\s*(?:\((?:(?:or|also|sometimes)\s+)+|,?\s*\(?(?:which\s+(?:is|are)\s+)?(?:or\s+)?(?:also|sometimes|often)\s+)"
    r"(?:simply\s+)?(?:called\s+|known\s+as\s+|termed\s+|denoted\s+as\s+)?(?:the\s+|an?\s+)?(?=[^\W\d_])",
    re.IGNORECASE,
)


def make_concept(
    chunk: Chunk,
    span: Span,
    role: Role = "mentions",
    sentence: Span | None = None,
    kind: ConceptType | None = None,
) -> Iterator[FoundConcept]:
    """Yield the concept at a span, trimmed to its name, if the name is plausible.

    With the sentence that defines it, a property takes the noun it belongs to ("graded poset"),
    the sentence becomes the description, and another name right behind is an alias.

    >>> text = "A poset P is said to be graded if it has a rank function."
    >>> chunk = Chunk("c", "d", 0, text, 0, len(text), "", 1, 1, 14)
    >>> [(c.name, c.type) for c in make_concept(chunk, Span(24, 30), "defines", Span(0, len(text)))]
    [('graded poset', 'definition')]
    """
    raw = chunk.text[span.start : span.end]
    name = _ORDINAL.sub("", _LOOSE_END.sub("", trim_name(raw)))
    if _INSTANCE.match(chunk.text, span.start + raw.find(name) + len(name)):
        name = _OF_THIS.sub("", name)
    start = raw.find(name)
    # "Simple" alone says nothing, but "is said to be simple" makes it a "simple group".
    is_word = sentence and role == "defines" and name.lower() in GENERIC_WORDS - _SIDES
    if start < 0 or not (is_word or is_plausible_name(name)):
        return
    start += span.start
    end = start + len(name)
    if sentence and role == "defines":
        end = _extend_adjective(chunk.text, Span(start, end), sentence)
        name = chunk.text[start:end]
    name, others = _read_other_adjective(chunk.text, name, end) if sentence else (name, ())
    name = lower_opening(name.replace("$", ""), chunk.text)
    if _OF_THE_MOMENT.match(name) or _NO_TERM.search(name):
        return
    kind = kind or guess_type(name)
    description = describe(chunk, sentence) if sentence else ""
    aliases = _read_aliases(chunk.text, name, Span(end, sentence.end)) if sentence else ()
    aliases = others or aliases
    if sentence and role == "defines":
        before, after = chunk.text[sentence.start : start], chunk.text[end : sentence.end]
        if _is_adjectival(name, before, after):
            kind = "definition"
            name, bare = _add_noun(chunk, sentence, start, name)
            aliases += bare
        aliases = (*aliases, *_list_short_names(name))
    if is_word and not is_plausible_name(name):
        return
    yield FoundConcept(name, kind, start, end, description, aliases, role)


def _read_other_adjective(text: str, name: str, end: int) -> tuple[str, tuple[str, ...]]:
    """Return the name with its noun and the other names: "finite-by-cyclic (or metacyclic) group"."""
    between = _OTHER_ADJECTIVE.match(text, end) if is_adjective(name) else None
    if not between or is_adjective(between["noun"]):
        return name, ()
    other, noun = between["other"], between["noun"]
    if FUNCTION_WORDS.intersection((noun, other.split()[0])):
        return name, ()
    names = (f"{other} {fold_plural(noun)}", other)
    return f"{name} {noun}", tuple(filter(is_plausible_name, names))


def _add_noun(chunk: Chunk, sentence: Span, start: int, bare: str) -> tuple[str, tuple[str, ...]]:
    """Return a property with the noun it belongs to, if one is told, and its other names."""
    title = chunk.heading.rpartition(" > ")[2]
    noun = find_bearer(chunk.text, sentence, start, title)
    if not noun or noun.split()[-1][:6] == bare.split()[-1][:6]:
        return bare, ()
    if noun.split()[0].lower() == bare.split()[-1].lower():
        noun = noun.partition(" ")[2]  # "skew Hadamard" and "Hadamard matrix"
    alone = (bare,) if is_technical(bare) else ()
    return f"{bare} {noun}", (*alone, *_list_entitled(bare, noun, title))


def _list_entitled(bare: str, noun: str, title: str) -> tuple[str, ...]:
    """Return the name with the title's noun: "effective group action" under "Group actions"."""
    phrase = re.search(rf"(?P<modifier>[\w-]{{4,}}) {re.escape(noun)}s?$", title.lower())
    is_whole = phrase and phrase["modifier"] not in FUNCTION_WORDS | {*re.split(r"[\s-]", bare)}
    return (f"{bare} {phrase['modifier']} {noun}",) if phrase and is_whole else ()


def _list_short_names(name: str) -> list[str]:
    """Return the parts of a name that tell its concept alone: "star height", "polycyclic"."""
    whole, owned = _OF_ANY.match(name), _PROPERTY.fullmatch(name)
    parts = [whole["head"]] if whole else []
    if owned and is_adjective(owned["property"]):
        parts.append(owned["property"])
    return [part for part in parts if is_technical(part)]


def is_technical(part: str) -> bool:
    """Tell whether a part of a name tells its concept on its own, for few texts use it otherwise.

    >>> [is_technical(word) for word in ("polycyclic", "torsion-free", "finitely generated")]
    [True, True, True]
    >>> [is_technical(word) for word in ("similar", "normal")]
    [False, False]
    """
    if not is_plausible_name(part):
        return False
    return " " in part or "-" in part or zipf_frequency(part, "en") < COMMON


def _extend_adjective(text: str, span: Span, sentence: Span) -> int:
    """Return where the name ends if only its adjective is set off: "A *locally cyclic* group is"."""
    has_article = re.search(r"\b(?:an?|the)\s+$", text[sentence.start : span.start], re.IGNORECASE)
    noun = read_noun_phrase(text, span.end, sentence.end)
    if has_article and noun and is_adjective(text[slice(*span)]) and noun.start == span.end + 1:
        return noun.end if len(text[slice(*noun)].split()) < 3 else span.end
    return span.end


def _read_aliases(text: str, name: str, rest: Span) -> tuple[str, ...]:
    """Return the other names right behind a term: "(SSYT)", "(or crossed homomorphism)"."""
    found: list[str] = []
    if acronym := _ACRONYM_BEHIND.match(text, *rest):
        letters = iter(name.lower())
        if name[0].lower() == acronym[1][0].lower() and all(
            c in letters for c in acronym[1].lower()
        ):
            found.append(acronym[1])
    if cue := _ALIAS_BEHIND.match(text, *rest):
        span = read_noun_phrase(text, cue.end(), rest.end)
        found.append(_LOOSE_END.sub("", trim_name(text[slice(*span)])) if span else "")
    elif listed := _NAMES_BEHIND.match(text, *rest):
        parts = [part.strip() for part in listed[1].split(",")]
        # One word may be a remark or a case ("left (right) module"); two are a name.
        if all(is_plausible_name(part) and not is_adjective(part) for part in parts):
            found += parts if " " in parts[0] else []
    return tuple(dict.fromkeys(alias for alias in found if is_useful_alias(alias, name)))


def _is_adjectival(name: str, before: str, after: str) -> bool:
    """Tell "is said to be graded" and "is graded if" from "is called a chain"."""
    if re.search(r"\b(?:an?|the|its?|their)\s+[“\"]?$", before, re.IGNORECASE):
        return False
    if not re.search(r"\b(?:is|are|be|called|if)\s+(?:\([^)]*\)\s)?[“\"]?$", before):
        return False
    opens = re.search(r"said\s+to\s+be\s+[“\"]?$", before) or re.match(
        r"[”\"]?\s+(?:if|when)\b", after
    )
    return is_adjective(name) or bool(opens)


def lower_opening(name: str, text: str) -> str:
    """Lower a capital that only opens a sentence or title, if the text has the word in lower case."""
    lowered = name[0].lower() + name[1:]
    first = re.escape(lowered.split()[0])
    is_ordinary = name[1:2].islower() and re.search(rf"(?<!\w){first}(?:e?s)?(?!\w)", text)
    return lowered if is_ordinary else name


def merge_found(
    found: Iterable[FoundConcept], topics: Iterable[FoundConcept] = ()
) -> list[FoundConcept]:
    """Merge the finds of one passage by normal form: strongest role, first description, all aliases.

    What is only mentioned inside a longer name ("Young tableau" in "semistandard Young tableau")
    is dropped, but not inside a topic, a whole heading.

    >>> first = FoundConcept("posets", "object", 0, 6)
    >>> second = FoundConcept("poset", "object", 9, 14, role="defines")
    >>> [(c.name, c.start, c.role) for c in merge_found([first, second])]
    [('poset', 9, 'defines')]
    """
    terms = _merge_names(found).values()
    kept = [c for c in terms if c.role == "defines" or not any(_lies_within(c, o) for o in terms)]
    merged = _merge_names([*kept, *topics])
    return sorted(merged.values(), key=lambda c: (c.start, c.end, c.name))


def _merge_names(found: Iterable[FoundConcept]) -> dict[str, FoundConcept]:
    merged: dict[str, FoundConcept] = {}
    for item in found:
        key = normalize_name(item.name)
        held = merged.get(key)
        if held is None:
            merged[key] = item
            continue
        best = min(held, item, key=lambda c: (ROLES.index(c.role), not c.description, c.start))
        aliases = tuple(dict.fromkeys((*held.aliases, *item.aliases)))
        merged[key] = replace(best, aliases=aliases)
    return merged


def _lies_within(inner: FoundConcept, outer: FoundConcept) -> bool:
    within = outer.start <= inner.start and inner.end <= outer.end
    return within and outer.end - outer.start > inner.end - inner.start
