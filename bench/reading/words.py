"""Words, made alike from a PDF's text and from LaTeX, and the ways of comparing lists of them."""

import re
import unicodedata
from collections.abc import Callable, Sequence

Words = Sequence[str]

_JOINT = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad]\s*(?=[^\W\d_])")
_WORD = re.compile(r"[^\W\d_]{2,}|\d+(?:\.\d+)*")
_LETTERS = str.maketrans(
    dict.fromkeys("´`¨ˆ˜˝ˇ˘¯˙¸˚")
    | {"ı": "i", "ȷ": "j", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "œ": "oe"}
    # The ligatures of TeX's bitmap fonts, which have no Unicode map (T1, then OT1).
    | dict(zip("\x1b\x1c\x1d\x1e\x1f\x0b\x0c\x0d\x0e\x0f", ("ff", "fi", "fl", "ffi", "ffl") * 2,
               strict=True))
)  # fmt: skip


def list_words(text: str) -> list[str]:
    r"""List words of two letters or more, and numbers, without case and accents.

    Hyphens between letters vanish with the line end after them, wherever they stand: both sides of a
    comparison lose them, so no one is punished for hyphens.

    >>> list_words("Möbius’s non-\nnegative eﬃcient x, 2.3")
    ['mobius', 'nonnegative', 'efficient', '2.3']
    """
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    text = "".join(char for char in text if not unicodedata.combining(char))
    return _WORD.findall(_JOINT.sub("", text.casefold()))


def count_common(left: Words, right: Words) -> int:
    """Return the length of the longest common subsequence (bit-parallel).

    >>> count_common("a b c d".split(), "x a c y d".split())
    3
    """
    masks: dict[str, int] = {}
    for index, word in enumerate(left):
        masks[word] = masks.get(word, 0) | 1 << index
    full = (1 << len(left)) - 1
    row = full
    for word in right:
        match = row & masks.get(word, 0)
        row = ((row + match) | (row - match)) & full
    return len(left) - row.bit_count()


def find_run(
    wanted: Words, words: Words, gap: int = 20, last: bool = False
) -> tuple[int, int] | None:
    """Find `wanted` in order within `words`, at most `gap` words between neighbours.

    Returns:
        The place of its first word and the one after its last, for the first such run (or the last).

    >>> find_run(["let", "be"], "we let x y be let z be".split())
    (1, 5)
    >>> find_run(["let", "be"], "we let x y be let z be".split(), last=True)
    (5, 8)
    """
    starts = [index for index, word in enumerate(words) if word == wanted[0]]
    for start in reversed(starts) if last else starts:
        place = start
        for word in wanted[1:]:
            window = words[place + 1 : place + 2 + gap]
            if word not in window:
                break
            place += 1 + list(window).index(word)
        else:
            return start, place + 1
    return None


def holds_whole(words: Words, wanted: Words, share: float = 0.95) -> bool:
    """Tell whether `words` hold all of `wanted` in order, with its first three and last two.

    >>> text = "theorem 2 let the group act then it acts freely".split()
    >>> holds_whole(["so", *text, "proof"], text), holds_whole(text[2:], text)
    (True, False)
    """
    if len(wanted) < 6:
        return find_run(wanted, words) is not None
    head, tail = find_run(wanted[:3], words), find_run(wanted[-2:], words, last=True)
    if head is None or tail is None or head[1] > tail[0]:
        return False
    middle = count_common(wanted[3:-2], words[head[1] : tail[0]])
    return middle + 5 >= share * len(wanted)


def align(rows: int, columns: int, score: Callable[[int, int], float]) -> list[tuple[int, int]]:
    """Match two sequences one to one and in order, so that the sum of scores is greatest.

    Pairs of score 0 are never matched.

    >>> align(2, 3, lambda i, j: float("ab"[i] == "xab"[j]))
    [(0, 1), (1, 2)]
    """
    scores = [[score(i, j) for j in range(columns)] for i in range(rows)]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            taken = scores[i][j] + best[i + 1][j + 1] if scores[i][j] > 0 else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], taken)
    pairs, i, j = [], 0, 0
    while i < rows and j < columns:
        if scores[i][j] > 0 and best[i][j] == scores[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs
