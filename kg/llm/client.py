"""One request to an OpenAI-compatible endpoint: what servers differ in, retries, bounds, usage."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, Field, NonNegativeInt, ValidationError

from graphtune.config import ExtractConfig
from graphtune.errors import EmptyReplyError, EndpointError, ExtractionError
from graphtune.kg.llm.cost import Budget, bound_tokens, count_tokens
from graphtune.kg.llm.dialect import Dialect, adapt_dialect, describe_schema, render_schema
from graphtune.kg.llm.limits import Limits
from graphtune.kg.llm.retry import explain_error, find_wait, hide_credentials, is_key

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI_URL = "https://api.openai.com/v1"
#: A reply with more bytes is refused before it is read to its end.
MAX_REPLY_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered, what it is charged for, and the seconds it took."""

    content: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str = "stop"
    seconds: float = 0.0

    @property
    def is_truncated(self) -> bool:
        """Whether the limit of tokens cut the reply off."""
        return self.finish_reason == "length"


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: NonNegativeInt | None = None
    completion_tokens: NonNegativeInt | None = None


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class ModelClient:
    """Asks one model at one endpoint; belongs to one event loop.

    What the server is found not to understand (a schema, JSON mode, the name of the limit of tokens)
    is left out for the rest of the run. Neither the key nor credentials in the address ever leave it.

    Args:
        config: endpoint, model and limits.
        environ: where the key and `OPENAI_BASE_URL` are looked up.

    Raises:
        EndpointError: the key is missing where one is needed, or is none.
    """

    def __init__(self, config: ExtractConfig, environ: Mapping[str, str] = os.environ) -> None:
        self._config = config
        self._url = find_url(config, environ)
        self._key = environ.get(config.api_key_env, "").strip()
        if not self._key and self._url == OPENAI_URL:
            raise EndpointError(
                f"no API key: the environment variable {config.api_key_env} is not set. Set it, "
                'or set base_url in [extract] to another endpoint, or extractor = "rules".'
            )
        if not is_key(self._key):
            raise EndpointError(f"the key in {config.api_key_env} has characters no key has.")
        self.place = hide_credentials(self._url)
        # OpenAI's newer models refuse the old name of the limit; many other servers know only that.
        at_openai = self._url == OPENAI_URL
        self._dialect = Dialect(limit="max_completion_tokens" if at_openai else "max_tokens")
        self._limits = Limits(config.requests_per_minute, config.tokens_per_minute)
        self._openai = self._connect()

    def _connect(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            base_url=self._url,
            api_key=self._key or "none",  # local servers want none, the client wants something
            timeout=self._config.timeout,
            max_retries=0,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._openai.close()

    async def ask(self, messages: list[dict[str, str]], schema: type[BaseModel]) -> Reply:
        """Return the reply to a conversation, as JSON of the schema as far as the server can do that.

        Overloads, lost connections and a time-out are tried again, `retries` times at most.

        Raises:
            ExtractionError: this request failed (time-out, overload, refusal, malformed reply).
            EndpointError: no request will do (unreachable, bad key, unknown model).
        """
        from openai import APIError

        config = self._config
        tokens = sum(count_tokens(message["content"]) for message in messages)
        failures: list[Exception] = []
        while True:
            await self._limits.admit(tokens)
            dialect = self._dialect
            try:
                reply = await self._send(dialect, messages, schema)
            except (APIError, httpx2.HTTPError, TimeoutError) as error:
                if other := adapt_dialect(dialect, error):
                    self._dialect = max(self._dialect, other)
                    continue
                failures.append(error)
                wait = find_wait(failures, config.retry_seconds)
                if wait is None or len(failures) > config.retries:
                    raise explain_error(error, config, self.place, self._key) from None
            else:
                self._limits.charge(reply.prompt_tokens + reply.completion_tokens - tokens)
                return reply
            if wait.told:
                self._limits.pause(wait.seconds)
            else:
                await asyncio.sleep(wait.seconds)

    async def buy(
        self, budget: Budget, messages: list[dict[str, str]], schema: type[BaseModel]
    ) -> tuple[Reply, float | None]:
        """Ask within a budget; return the reply and what it cost, None where the price is unknown.

        Raises:
            ExtractionError: as `ask` raises it.
            EndpointError: as `ask` raises it, or the budget does not allow another request.
        """
        # Providers count the schema as part of the prompt.
        texts = [json.dumps(render_schema(schema)), *(item["content"] for item in messages)]
        async with budget.reserve(sum(map(bound_tokens, texts)), self._config.max_output_tokens):
            reply = await self.ask(messages, schema)
            return reply, budget.spend(reply.prompt_tokens, reply.completion_tokens)

    async def _send(
        self, dialect: Dialect, messages: list[dict[str, str]], schema: type[BaseModel]
    ) -> Reply:
        config = self._config
        start = perf_counter()
        body: dict[str, Any] = {
            "model": config.model,
            "messages": messages,
            "temperature": config.temperature,
            dialect.limit: config.max_output_tokens,
        }
        body |= describe_schema(dialect, messages, schema)
        create = self._openai.chat.completions.with_streaming_response.create
        data = bytearray()
        # The client's own time-out counts from byte to byte, this one the whole reply.
        async with asyncio.timeout(config.timeout), create(**body) as response:
            async for part in response.iter_bytes():
                data += part
                if len(data) > MAX_REPLY_BYTES:
                    raise ExtractionError(
                        f"{self.place} sent a reply of more than {MAX_REPLY_BYTES:,} bytes; see that "
                        "base_url in [extract] is that of a chat model"
                    )
        return self._read_completion(bytes(data), messages, perf_counter() - start)

    def _read_completion(
        self, data: bytes, messages: list[dict[str, str]], seconds: float
    ) -> Reply:
        try:
            completion = _Completion.model_validate_json(data)
        except ValidationError:
            raise ExtractionError(self._explain_body(data)) from None
        choice = completion.choices[0]
        content, reason = choice.message.content or "", choice.finish_reason or "stop"
        usage = completion.usage or _Usage()
        sent = usage.prompt_tokens or sum(count_tokens(item["content"]) for item in messages)
        if not content:
            excerpt = self._hide(choice.message.refusal or "empty reply")[:200]
            limit = f" (cut off at max_output_tokens = {self._config.max_output_tokens})"
            raise EmptyReplyError(
                f"model {self._config.model!r} gave no answer: {excerpt!r}"
                + (limit if reason == "length" else ""),
                sent,
                usage.completion_tokens or 0,
            )
        received = usage.completion_tokens or count_tokens(content)
        return Reply(content, sent, received, reason, round(seconds, 3))

    def _explain_body(self, data: bytes) -> str:
        """Say what stands in place of a completion: an error, a page of a web server, or nothing."""
        text = self._hide(data.decode(errors="replace"))
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            return f"{self.place} sent no chat completion: {text[:200]!r}"
        error = body.get("error") if isinstance(body, dict) else None
        if error:
            detail = error.get("message", error) if isinstance(error, dict) else error
            return f"{self.place} (model {self._config.model!r}) failed: {str(detail)[:200]!r}"
        return f"{self.place} sent no chat completion: {str(body)[:200]!r}"

    def _hide(self, text: str) -> str:
        return text.replace(self._key or "\0", "***")


def find_url(config: ExtractConfig, environ: Mapping[str, str]) -> str:
    """Return the address of the endpoint; it may hold credentials.

    Raises:
        EndpointError: it is no http(s) address.
    """
    url = config.base_url or environ.get("OPENAI_BASE_URL") or OPENAI_URL
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        shown = url.rpartition("@")[2].partition("?")[0]
        raise EndpointError(
            f"{shown!r} is no address such as http://127.0.0.1:8080/v1: correct base_url in [extract] "
            "or $OPENAI_BASE_URL"
        )
    return url
