"""A model's tokenizer as a plain function."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from graphtune.errors import ModelError

#: Returns the character offsets (start, end) of all tokens of a text, in order.
TokenSpans = Callable[[str], Sequence[tuple[int, int]]]

#: Characters that are tokenized at once, to the end of a paragraph: a token takes hundreds of bytes.
_STRETCH = 50_000


def load_token_spans(tokenizer_json: Path) -> TokenSpans:
    """Load a tokenizer as a function that returns the offsets of a text's tokens.

    Special tokens do not count, and nothing is cut off or filled up.

    Raises:
        ModelError: the file is missing or no tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        content = tokenizer_json.read_text(encoding="utf-8")
        if "model" not in json.loads(content):  # checked here: the library raises a bare Exception
            raise ValueError("it has no model")
    except OSError as error:
        raise ModelError(f"{tokenizer_json} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ModelError(f"{tokenizer_json} is no tokenizer: {error}.") from error
    tokenizer = Tokenizer.from_str(content)
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def find_spans(text: str) -> Sequence[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        start = 0
        while start < len(text):
            stop = text.find("\n\n", start + _STRETCH)
            end = stop if stop >= 0 else len(text)
            found = tokenizer.encode(text[start:end], add_special_tokens=False).offsets
            spans += [(a + start, b + start) for a, b in found] if start else found
            start = end
        return spans

    return find_spans
