"""The other systems: the seed's splitter and semchunk, both on the PDF's raw text."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def split_like_seed(pages: Sequence[str], size: int = 1500, overlap: int = 200) -> list[str]:
    """Cut text as math-embed does: at a blank line, else a stop, else anywhere, 200 characters back.

    >>> [len(piece) for piece in split_like_seed(["Some words. " * 300])]
    [1496, 1494, 1014]
    """
    rest, pieces = "", []
    for number, page in enumerate(pages, 1):
        text = page.replace("\x00", "").strip()
        if not text:
            continue
        rest += f"\n[Page {number}]\n{text}"
        while len(rest) >= size:
            stop = rest.rfind("\n\n", overlap, size)
            if stop <= overlap:
                ends = ((rest.rfind(end, overlap, size), len(end)) for end in (". ", ".\n", ";\n"))
                stop = next((place + width for place, width in ends if place > overlap), size)
            pieces.append(rest[:stop].strip())
            rest = rest[stop - overlap :]
    return [piece for piece in (*pieces, rest.strip()) if len(piece) > 50]


def make_semchunk(tokenizer_json: Path, max_tokens: int) -> Callable[[str], list[str]]:
    """Return semchunk with the same tokenizer and budget."""
    from semchunk.semchunk import chunkerify
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_json))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    chunker: Any = chunkerify(count, max_tokens)

    def split(text: str) -> list[str]:
        return list(chunker(text))

    return split
