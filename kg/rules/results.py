"""Results and the people behind them: names in the heads of statements and in running text."""

import re
from collections.abc import Iterator
from dataclasses import replace

from graphtune.kg.names import FUNCTION_WORDS, GENERIC_WORDS, is_useful_alias
from graphtune.kg.paragraphs import Paragraph, list_sentences
from graphtune.kg.rules.phrases import find_named, guess_type
from graphtune.kg.rules.terms import make_concept
from graphtune.records import Chunk, FoundConcept, Role, Span

#: Function words with which the name of a result may begin.
_ARTICLES_AND_NUMBERS = frozenset("the a an two three first second every".split())
_CREDIT = re.compile(
    r"\b(?:conjectured|discovered|introduced|proved|proven|due|named\s+after|attributed)\s+(?:by|to)\s+"
    r"(?=[^\W\d_a-z](?:\.|[^\W\d_]{2}))|\bnamed\s+after\s+(?=[A-Z])"
)
_PERSON = re.compile(
    r"(?:[A-Z]\.\s*)*(?:[^\W\d_a-z][^\W\d_]{2,}(?:[-‐–][A-Z]\w+)?)(?:\s[^\W\d_a-z][^\W\d_]{2,}){0,2}"
)
#: "Tutte's activity expansion" is an activity expansion; "Hall's theorem" is not any theorem.
_OWNED = re.compile(r"[^\W\d_a-z]\S+(?:['’]s|s['’])\s+(?P<rest>[a-z]\S+\s[a-z].*)")
_SURNAME = r"[^\W\d_a-z][^\W\d_]+(?:[-‐][^\W\d_]+)?"
_SURNAMES = re.compile(rf"{_SURNAME}(?:(?:\s?[–-]\s?|,\s+(?:and\s+)?|\s+and\s+){_SURNAME})+")
#: The endings of nouns that are nobody's name: "Freeness", "Deletion–restriction".
_ABSTRACT = re.compile(
    r"(?:ity|ness|[^aeiou]ion|[ts]ion|ment|ance|ence|ism|sis|logy|metry|ing|ics)$"
)
#: Results that have a name without a person: "the prime number theorem".
_RESULT = re.compile(
    r"\b(?:the|by|of|and|a)\s+(?P<name>(?:[a-z][a-z’'‐–-]+\s){1,3}"
    r"(?:theorem|lemma|identity|formula|conjecture|inequality|algorithm|principle|correspondence|criterion))"
    r"(?![\w-])"
)
_UNNAMED = (
    FUNCTION_WORDS
    | GENERIC_WORDS
    | frozenset(
        """above actual analogous appropriate auxiliary basic beautiful celebrated central certain classical
    closed corresponding crucial deep desired different easy efficient elegant elementary entire
    equivalent established existing exact explicit famous fast final first fundamental general given
    greedy important interesting iterative key known last latter main modified named naive new nice
    original preceding present previous recent recursive related required resulting same similar
    simple single slightly special standard stated stronger technical trivial underlying usual
    well-known whole""".split()
    )
)

_CREDITED = ("theorem", "lemma", "conjecture", "identity", "proposition", "formula")


def read_results(chunk: Chunk, sentence: Span) -> Iterator[FoundConcept]:
    """Yield the named results in a sentence, and the people who are credited in it."""
    for whole in find_named(chunk.text, *sentence):
        yield from make_concept(chunk, whole)
    for match in _RESULT.finditer(chunk.text, *sentence):
        first, *others = match["name"].split()
        if first not in _UNNAMED and not any(word in FUNCTION_WORDS for word in others):
            yield from make_concept(chunk, Span(*match.span("name")))
    for credit in _CREDIT.finditer(chunk.text, *sentence):
        person = _PERSON.match(chunk.text, credit.end(), sentence.end)
        if person and person[0].lower() not in FUNCTION_WORDS:
            yield from make_concept(chunk, Span(*person.span()), kind="person")


def read_title(chunk: Chunk, paragraph: Paragraph) -> Iterator[FoundConcept]:
    """Yield the name that stands in the head of a statement: "Theorem 2.1 (Pieri rule)."."""
    if paragraph.title is None or paragraph.kind not in ("statement", "definition"):
        return
    start, end = paragraph.title
    title = chunk.text[start:end]
    # Citations and credits: "(Pieri rule [4, Thm 2])", "(Stanley, 1971)", "(see Fulton)".
    name = re.split(r"\s*(?:\[|[,;(]?\s*\d{4}|[,;]|\bsee\b|\bcf\.)", title)[0].strip()
    words = name.split()
    if not words or words[0].lower() in FUNCTION_WORDS - _ARTICLES_AND_NUMBERS:
        return
    if _is_credit(name):
        yield from _name_after(chunk, paragraph, title)
        return
    kind = guess_type(name)
    if paragraph.kind == "statement" and kind == "object":
        kind = "conjecture" if paragraph.word == "conjecture" else "theorem"
        kind = "technique" if paragraph.word in ("algorithm", "construction") else kind
    role: Role = "defines" if paragraph.kind == "definition" else "states"
    sentence = next(iter(list_sentences(chunk.text, paragraph.head_end, paragraph.end)), None)
    for concept in make_concept(chunk, Span(start, start + len(name)), role, sentence, kind):
        owned = _OWNED.match(concept.name)
        aliases = (owned["rest"],) if owned and is_useful_alias(owned["rest"], "") else ()
        yield replace(concept, aliases=(*concept.aliases, *aliases))


def _is_credit(name: str) -> bool:
    """Tell "(Stanley)" and "(Merino–Welsh)" from the name of a result."""
    words = re.split(r"[\s–-]+", name)
    if guess_type(name) != "object" or any(_ABSTRACT.search(word) for word in words):
        return False
    return len(words) < 4 and all(
        w[:1].isupper() or w in ("and", "de", "von", "van") for w in words
    )


def _name_after(chunk: Chunk, paragraph: Paragraph, title: str) -> Iterator[FoundConcept]:
    """Yield "Merino–Welsh conjecture" for "Conjecture 5.2 (Merino–Welsh)"; one name is too little."""
    people = _SURNAMES.match(title)
    if not people or paragraph.title is None or paragraph.word not in _CREDITED:
        return
    names = re.findall(_SURNAME, people[0].replace("–", " "))
    start = paragraph.title.start
    kind = guess_type(paragraph.word)
    yield FoundConcept(
        f"{'–'.join(names)} {paragraph.word}", kind, start, start + people.end(), role="states"
    )
