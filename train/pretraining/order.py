"""Sentence-order prediction: two segments that follow each other, in order or swapped.

The task is ALBERT's (arXiv:1909.11942); what the segments are is that of the Math-aware ALBERT (CEUR-WS
3180, paper 7): the sides of a formula, formulas and the text around them, or sentences.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from graphtune.chunking.sentences import split_sentences
from graphtune.train.pretraining.formulas import cut_formula, find_formulas, list_macros

#: Characters up to which text between formulas is no segment of its own.
_GLUED = 9
#: Macros up to which a formula is part of the text around it.
_PLAIN = 3


class Line(NamedTuple):
    """A piece of a document; `sign` is the relation sign between it and the next one, if any."""

    text: str
    sign: str = ""


@dataclass(frozen=True, slots=True)
class OrderPair:
    """Two segments of a document; where `swapped`, the first stands behind the second in it."""

    first: str
    second: str
    swapped: bool
    document: str


def read_sides(text: str) -> Iterator[list[Line]]:
    r"""Yield the sides of each formula of a text that has a relation sign.

    >>> list(read_sides(r"Let $a = b \le c$ and $d$."))
    [[Line(text='a', sign='='), Line(text='b', sign='\\le'), Line(text='c', sign='')]]
    """
    for _, _, formula in find_formulas(text):
        parts, signs = cut_formula(formula)
        if len(parts) > 1:
            yield [Line(*item) for item in zip(parts, (*signs, ""), strict=True)]


def read_mixture(text: str) -> list[Line]:
    r"""Return formulas and the text between them as lines, the short ones glued to what stands before.

    >>> [line.text for line in read_mixture(r"We know that $\alpha+\beta=\gamma\delta$ holds if $x$ is odd.")]
    ['We know that', '$\\alpha+\\beta=\\gamma\\delta$', 'holds if $x$ is odd.']
    """
    lines: list[str] = []
    end = 0

    def add(piece: str, is_glued: bool) -> None:
        if is_glued and lines:
            lines[-1] = f"{lines[-1]} {piece}"
        elif piece:
            lines.append(piece)

    after_formula = False
    for start, stop, formula in find_formulas(text):
        if len(list_macros(formula)) > _PLAIN:
            before = text[end:start].strip()
            add(before, len(before) <= _GLUED)
            add(text[start:stop], False)
            end, after_formula = stop, True
    rest = text[end:].strip()
    add(rest, after_formula and len(rest) <= _GLUED)
    return [Line(line) for line in lines if line]


def read_sentences(text: str) -> list[Line]:
    """Return the sentences of a text.

    >>> [line.text for line in read_sentences("It is so. It was not.")]
    ['It is so.', 'It was not.']
    """
    return [Line(text[start:end]) for start, end in split_sentences(text)]


def draw_pairs(
    documents: Iterable[tuple[str, Sequence[Line]]],
    measure: Callable[[str], int],
    max_tokens: int,
    seed: int = 0,
    short: float = 0.1,
) -> Iterator[OrderPair]:
    """Pack the lines of each document into examples, cut each at a random line, and swap half of them.

    A relation sign at the cut goes to the end of the first segment or the start of the second, at random,
    *after* the swap: its place then says nothing about the order. Documents of one line give nothing, nor
    do segments that are the same.

    Args:
        documents: ids, with their lines in order.
        measure: the tokens of a text.
        max_tokens: of both segments together; longer ones are cut by whoever encodes them.
        seed: of all draws.
        short: share of the examples that are filled only up to a random length.
    """
    random = Random(seed)
    for key, lines in documents:
        for part in _pack(lines, measure, max_tokens, random, short):
            cut = random.randrange(1, len(part))
            first, second = _join(part[:cut]), _join(part[cut:])
            swapped = random.random() < 0.5
            if swapped:
                first, second = second, first
            sign, is_first = part[cut - 1].sign, random.random() < 0.5
            if first == second:
                continue
            if sign:
                first, second = (
                    (f"{first} {sign}", second) if is_first else (first, f"{sign} {second}")
                )
            yield OrderPair(first, second, swapped, key)


def _join(lines: Sequence[Line]) -> str:
    """Join lines by their signs; the last one's belongs to the cut."""
    words = [word for line in lines[:-1] for word in (line.text, line.sign) if word]
    return " ".join((*words, lines[-1].text))


def _pack(
    lines: Sequence[Line],
    measure: Callable[[str], int],
    max_tokens: int,
    random: Random,
    short: float,
) -> Iterator[list[Line]]:
    """Yield lines in order that fill an example; one of them alone is carried over to the next."""

    def draw_target() -> int:
        return (
            random.randint(min(8, max_tokens), max_tokens)
            if random.random() < short
            else max_tokens
        )

    held: list[Line] = []
    size, target = 0, draw_target()
    for line in lines:
        held.append(line)
        size += measure(line.text)
        if size >= target and len(held) > 1:
            yield held
            held, size, target = [], 0, draw_target()
    if len(held) > 1:
        yield held
