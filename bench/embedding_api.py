"""Embeddings by an OpenAI-compatible API, as an `Embedder`.

Limits are those of OpenAI's reference of `/v1/embeddings`: 2,048 texts and 300,000 tokens a request,
8,192 tokens a text.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import numpy as np
from pydantic import BaseModel, ValidationError

from graphtune.bench.embedder import Embedder, Role
from graphtune.bench.vectors import Space
from graphtune.encoder import Vectors
from graphtune.errors import DataError, ModelError
from graphtune.kg.llm.client import OPENAI_URL
from graphtune.kg.llm.cost import bound_tokens, count_tokens, format_money
from graphtune.kg.llm.retry import find_wait, hide_credentials, is_key
from graphtune.prices import Price
from graphtune.progress import track

if TYPE_CHECKING:
    from openai import OpenAI

#: Numbers that OpenAI's own models give a text.
_WIDTHS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
_PREFIX = "openai:"
_KEY = "OPENAI_API_KEY"
_MAX_TEXTS, _MAX_TOKENS, _MAX_TEXT_TOKENS = 2048, 300_000, 8192
_TIMEOUT, _RETRIES, _FIRST_WAIT = 120.0, 5, 1.0


class _Item(BaseModel):
    index: int
    embedding: list[float]


class _Reply(BaseModel):
    data: list[_Item]


def find_api_model(name: str) -> str | None:
    """Return the model's name at the API, or None: the name is not one of an API.

    >>> [find_api_model(n) for n in ("text-embedding-3-small", "openai:bge-m3", "BAAI/bge-m3")]
    ['text-embedding-3-small', 'bge-m3', None]
    """
    if name in _WIDTHS:
        return name
    return name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else None


def open_api(
    model: str,
    base_url: str | None,
    cache: Path | None,
    prices: Mapping[str, Price],
    environ: Mapping[str, str] = os.environ,
) -> Embedder:
    """Return an embedder that asks an API; nothing is sent before there is a text to encode.

    Args:
        model: its name at the API.
        base_url: such as http://127.0.0.1:8080/v1; None means $OPENAI_BASE_URL or OpenAI's own.
        cache: folder of the vector cache; None for none.
        prices: dollars for a million tokens, for the estimate.
        environ: where the key and `OPENAI_BASE_URL` are looked up.
    """
    url = base_url or environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL
    api = _Api(model, url.rstrip("/"), environ.get(_KEY, "").strip(), prices.get(model))
    space = Space(
        model=f"{model} at {api.place}",
        role="text",  # the API knows no roles
        width=_WIDTHS.get(model),
        max_tokens=_MAX_TEXT_TOKENS,
    )
    return Embedder(
        {"query": space, "document": space}, api.encode, cache, cut_text, is_remote=True
    )


def cut_text(text: str) -> str:
    """Return as much of a text as surely has no more tokens than the API takes.

    >>> len(cut_text("a" * 20_000)), cut_text("short")
    (16384, 'short')
    """
    if bound_tokens(text) <= _MAX_TEXT_TOKENS:
        return text
    sizes = accumulate(bound_tokens(letter) for letter in text)
    return text[: next(n for n, size in enumerate(sizes) if size > _MAX_TEXT_TOKENS)]


def batch_texts(texts: Sequence[str]) -> Iterator[range]:
    """Yield the places of the texts that may go in one request."""
    start, size = 0, 0.0
    for place, text in enumerate(texts):
        tokens = bound_tokens(text)
        if place > start and (size + tokens > _MAX_TOKENS or place - start == _MAX_TEXTS):
            yield range(start, place)
            start, size = place, 0.0
        size += tokens
    if start < len(texts):
        yield range(start, len(texts))


@dataclass(frozen=True)
class _Api:
    model: str
    url: str
    key: str
    price: Price | None

    @property
    def place(self) -> str:
        return hide_credentials(self.url)

    def encode(self, texts: list[str], role: Role) -> Iterator[tuple[Sequence[int], Vectors]]:
        """Yield the vectors of texts, request by request.

        Raises:
            ModelError: there is no key, or the API refuses or cannot be reached.
            DataError: a reply is malformed or does not hold one vector for each text.
        """
        from openai import OpenAI

        if not self.key and self.url == OPENAI_URL:
            raise ModelError(f"no API key: the environment variable {_KEY} is not set")
        if not is_key(self.key):
            raise ModelError(
                f"the key in {_KEY} has characters no key has, such as a blank or a line break: set "
                "it again"
            )
        tokens = sum(map(count_tokens, texts))
        dollars = None if self.price is None else tokens * self.price.input / 1e6
        money = "price unknown" if dollars is None else format_money(dollars)
        what = "passages" if role == "document" else "queries"
        print(
            f"asking {self.model} at {self.place}: {len(texts):,} {what}, about {tokens:,} tokens, "
            f"{money}",
            file=sys.stderr,
        )
        batches = list(batch_texts(texts))
        with OpenAI(
            base_url=self.url,
            api_key=self.key or "none",  # local servers want none, the client wants something
            timeout=_TIMEOUT,
            max_retries=0,
        ) as client:
            for places in track(batches, f"{self.model} {what}", "requests"):
                # The API refuses an empty text.
                yield places, self._ask(client, [texts[place] or " " for place in places])

    def _ask(self, client: OpenAI, texts: list[str]) -> Vectors:
        from openai import APIError

        failures: list[Exception] = []
        while True:
            try:
                reply = client.embeddings.with_raw_response.create(
                    model=self.model, input=texts, encoding_format="float"
                )
                return self._read(reply.content, len(texts))
            except (APIError, httpx2.HTTPError, TimeoutError) as error:
                failures.append(error)
                wait = find_wait(failures, _FIRST_WAIT)
                if wait is None or len(failures) > _RETRIES:
                    raise self._explain(error) from None
                time.sleep(wait.seconds)

    def _read(self, content: bytes, expected: int) -> Vectors:
        try:
            items = _Reply.model_validate_json(content).data
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            begin = self._hide(content.decode(errors="replace"))[:80]
            raise DataError(
                f"{self.place} (model {self.model!r}) answered with something that holds no vectors "
                f"({problem}): {begin!r}. Correct base_url in [bench]; most end in /v1."
            ) from error
        by_index = {item.index: item.embedding for item in items}
        widths = sorted({len(item.embedding) for item in items})
        if sorted(by_index) != list(range(expected)) or len(items) != expected or len(widths) != 1:
            raise DataError(
                f"{self.place} (model {self.model!r}) gave {len(items)} vectors of widths {widths} "
                f"for {expected} texts: one for each text, all of one width, were due"
            )
        vectors = np.array([by_index[place] for place in range(expected)], dtype=np.float32)
        if not np.isfinite(vectors).all():
            raise DataError(f"{self.place} (model {self.model!r}) gave NaN or infinity for a text")
        return vectors

    def _hide(self, text: str) -> str:
        return text.replace(self.key or "\0", "***")

    def _explain(self, error: Exception) -> ModelError:
        """Say in one line what happened, without the key."""
        import openai

        detail = " ".join(self._hide(str(error)).split())[:200]
        at = f"{self.place} (model {self.model!r})"
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return ModelError(f"{at} refuses the key in ${_KEY}: {detail}")
        if isinstance(error, openai.APIConnectionError | httpx2.HTTPError):
            cause = self._hide(str(error.__cause__ or detail))
            return ModelError(
                f"{at} cannot be reached: {cause}. See to the network, or to base_url in [bench] or "
                "$OPENAI_BASE_URL"
            )
        if isinstance(error, openai.NotFoundError):
            return ModelError(f"{at} does not know this model or address: {detail}")
        return ModelError(f"{at} failed: {detail}")
