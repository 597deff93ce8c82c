"""Concepts and relations by language model, over any OpenAI-compatible endpoint."""

import functools
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from graphtune.config import ExtractConfig
from graphtune.errors import EndpointError, ExtractionError
from graphtune.kg.llm.prompts import (
    SYSTEM_PROMPT,
    ConceptRecord,
    RelationRecord,
    make_messages,
    make_response_format,
)
from graphtune.kg.mentions import find_name
from graphtune.kg.names import (
    fold_text,
    is_plausible_name,
    is_useful_alias,
    normalize_name,
    trim_name,
)
from graphtune.records import Chunk, Extraction, FoundConcept, FoundRelation, Span

if TYPE_CHECKING:
    from openai import APIError, OpenAI

#: A quote shorter than this proves nothing where the name itself is not in the passage.
MIN_QUOTE = 15
_RETRIES = 3
_Record = TypeVar("_Record", bound=BaseModel)


class LlmExtractor:
    """Asks a model about one passage at a time and keeps only what the passage bears out.

    Args:
        config: endpoint, model and limits.
        environ: where the key and `OPENAI_BASE_URL` are looked up.
    """

    name = "llm"

    def __init__(self, config: ExtractConfig, environ: Mapping[str, str] = os.environ) -> None:
        self._config = config
        self._base_url = config.base_url or environ.get("OPENAI_BASE_URL") or None
        self._key = environ.get(config.api_key_env, "").strip()

    @property
    def version(self) -> str:
        """Fingerprint of model, prompt, schema and temperature.

        The limit of tokens is no part of it: a higher one helps only the chunks that failed, and
        those are asked again anyway.
        """
        config = self._config
        settings = [config.model, config.temperature]
        content = json.dumps([SYSTEM_PROMPT, make_response_format(), settings])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def extract(self, document_title: str, chunk: Chunk) -> Extraction:
        """Return the concepts and relations of a passage that have evidence in it.

        Raises:
            ExtractionError: this passage failed (time-out, overload, truncated or malformed reply).
            EndpointError: no passage will do (unreachable, bad key, unknown model).
        """
        return read_reply(self._ask(document_title, chunk), chunk)

    @functools.cached_property
    def _client(self) -> "OpenAI":
        from openai import OpenAI

        if not self._key and not self._base_url:
            raise EndpointError(
                f"no API key: the environment variable {self._config.api_key_env} is not set. Set it, "
                'or set base_url in [extract] to another endpoint, or extractor = "rules".'
            )
        if not self._key.isascii():
            raise EndpointError(f"the key in {self._config.api_key_env} has characters no key has.")
        return OpenAI(
            base_url=self._base_url,
            api_key=self._key or "none",  # local servers want none, the client wants something
            timeout=self._config.timeout,
            max_retries=_RETRIES,
        )

    def _ask(self, document_title: str, chunk: Chunk) -> str:
        """Return the text of the model's reply."""
        from openai import APIError

        config = self._config
        # OpenAI's newer models refuse the old name of the limit; many other servers know only that.
        limit = "max_tokens" if self._base_url else "max_completion_tokens"
        create: Callable[..., Any] = self._client.chat.completions.create
        try:
            reply = create(
                model=config.model,
                messages=make_messages(document_title, chunk),
                response_format=make_response_format(),
                temperature=config.temperature,
                **{limit: config.max_output_tokens},
            )
        except APIError as error:
            raise self._explain_error(error) from error
        except ValueError as error:  # a reply that is no JSON at all, or an address that is none
            raise ExtractionError(
                f"{self._place} sent no usable reply: {str(error)[:200]}"
            ) from error
        choices = getattr(reply, "choices", None)
        if not choices:
            raise ExtractionError(f"{self._place} sent no chat completion: {str(reply)[:200]!r}")
        content = choices[0].message.content or ""
        if choices[0].finish_reason == "length":
            raise ExtractionError(
                f"the reply was cut off at max_output_tokens = {config.max_output_tokens}: "
                f"{content[:200]!r}; raise it in [extract]"
            )
        if not content:
            refusal = getattr(choices[0].message, "refusal", None) or "empty reply"
            raise ExtractionError(f"model {config.model!r} gave no answer: {refusal[:200]!r}")
        return content

    @property
    def _place(self) -> str:
        """The endpoint for messages, without credentials that a URL may hold."""
        parts = urlsplit(self._base_url or "https://api.openai.com/v1")
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def _explain_error(self, error: "APIError") -> ExtractionError:
        """Turn the client's error into ours: what happened, and what to do."""
        import openai

        config = self._config
        detail = str(error).replace(self._key or "\0", "***")[:200]
        at = f"{self._place} (model {config.model!r})"
        if isinstance(error, openai.APITimeoutError):
            return ExtractionError(
                f"{at} gave no reply within {config.timeout:g} s; raise timeout in [extract]"
            )
        if isinstance(error, openai.APIConnectionError):
            return EndpointError(
                f"{at} cannot be reached: {error.__cause__ or detail}. Start the server, or correct "
                'base_url in [extract] or $OPENAI_BASE_URL, or set extractor = "rules".'
            )
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return EndpointError(f"{at} refuses the key in ${config.api_key_env}: {detail}")
        if isinstance(error, openai.NotFoundError):
            return EndpointError(
                f"{at} does not know this model or address: {detail}. Correct model or base_url in "
                "[extract]; most base URLs end in /v1."
            )
        if isinstance(error, openai.RateLimitError) and error.code == "insufficient_quota":
            return EndpointError(f"{at}: the quota of this key is used up: {detail}")
        if isinstance(error, openai.BadRequestError) and error.param not in (None, "messages"):
            return EndpointError(f"{at} does not accept {error.param!r}: {detail}")
        return ExtractionError(f"{at} failed: {detail}")


def read_reply(content: str, chunk: Chunk) -> Extraction:
    """Validate a model's reply record by record against the passage.

    A record is rejected, and counted, where a field is missing or unknown, where the name is no
    name, or where the passage holds neither the name nor the quote.

    Raises:
        ExtractionError: the reply is no JSON object with lists of concepts and relations.

    >>> chunk = Chunk("c", "d", 0, "A poset is a set with a partial order.", 0, 38, "", 1, 1, 10)
    >>> record = {"name": "posets", "type": "object", "role": "defines", "description": "",
    ...           "aliases": [], "quote": "A poset is a set"}
    >>> records = [record, {**record, "name": "lattice", "quote": "A lattice is a poset"}]
    >>> found = read_reply(json.dumps({"concepts": records, "relations": []}), chunk)
    >>> [(concept.name, concept.start, concept.end) for concept in found.concepts], found.rejected
    ([('posets', 2, 7)], 1)
    """
    # Some servers let the model think aloud or fence its JSON in spite of the schema.
    bare = re.sub(r"\A.*</think>|\A\s*```(?:json)?\s*\n|\n```\s*\Z", "", content, flags=re.S)
    try:
        # Lone surrogates are legal in JSON, and nowhere else.
        data = json.loads(json.dumps(json.loads(bare), ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise ExtractionError(f"the reply is not JSON ({error}): {content[:200]!r}") from error
    lists = [data.get(key) for key in ("concepts", "relations")] if isinstance(data, dict) else []
    if not lists or not all(isinstance(items, list) for items in lists):
        raise ExtractionError(
            f"the reply has no lists of concepts and relations: {content[:200]!r}"
        )
    concepts: list[FoundConcept] = []
    relations: list[FoundRelation] = []
    for item in lists[0] or ():
        record = _validate(ConceptRecord, item)
        concept = _ground_concept(record, chunk) if record else None
        concepts += [concept] if concept else []
    for item in lists[1] or ():
        found = _validate(RelationRecord, item)
        relation = _ground_relation(found, chunk) if found else None
        relations += [relation] if relation else []
    total = sum(len(items) for items in lists if items)
    rejected = total - len(concepts) - len(relations)
    rejections = (("no evidence", rejected),) if rejected else ()
    return Extraction(tuple(dict.fromkeys(concepts)), tuple(dict.fromkeys(relations)), rejections)


def _validate(model: type[_Record], item: object) -> _Record | None:
    try:
        return model.model_validate(item)
    except ValidationError:
        return None


def locate_quote(quote: str, text: str) -> Span | None:
    """Return where a text holds a quote: literally, else up to case, blanks, dashes and accents.

    >>> locate_quote("the jacobi-trudi  identity", "By the Jacobi–Trudi identity.")
    Span(start=3, end=28)
    """
    quote = quote.strip()
    if not quote:
        return None
    if (start := text.find(quote)) >= 0:
        return Span(start, start + len(quote))
    folded, offsets = fold_text(text.replace("\n", " "))
    wanted = fold_text(" ".join(quote.split()))[0].strip("\"'.… ")
    begin = folded.find(wanted) if wanted else -1
    return Span(offsets[begin], offsets[begin + len(wanted)]) if begin >= 0 else None


def _ground_concept(record: ConceptRecord, chunk: Chunk) -> FoundConcept | None:
    """Find a concept's evidence: its name, if possible inside the quote, else the quote."""
    name = trim_name(record.name)
    if not is_plausible_name(name):
        return None
    quote = locate_quote(record.quote, chunk.text)
    places = find_name([name], chunk.text)
    within = [p for p in places if quote and quote.start <= p.start and p.end <= quote.end]
    if places:
        span = (within or places)[0]
    elif quote and quote.end - quote.start >= MIN_QUOTE:
        span = quote
    else:
        return None
    aliases = dict.fromkeys(trim_name(alias) for alias in record.aliases)
    kept = tuple(
        alias
        for alias in aliases
        if is_useful_alias(alias, name) and find_name([alias], chunk.text)
    )
    description = " ".join(record.description.split())[:500]
    return FoundConcept(name, record.type, *span, description, kept, record.role)


def _ground_relation(record: RelationRecord, chunk: Chunk) -> FoundRelation | None:
    """Find a relation's evidence: its quote, else the stretch from one end to the other."""
    source, target = trim_name(record.source), trim_name(record.target)
    if normalize_name(source) == normalize_name(target):
        return None
    if not (is_plausible_name(source) and is_plausible_name(target)):
        return None
    ends = [find_name([name], chunk.text)[:1] for name in (source, target)]
    quote = locate_quote(record.quote, chunk.text)
    if quote and quote.end - quote.start >= MIN_QUOTE:
        span = quote
    elif all(ends):
        found = sorted((ends[0][0], ends[1][0]))
        span = Span(found[0].start, max(place.end for place in found))
    else:
        return None
    return FoundRelation(source, record.type, target, *span)
