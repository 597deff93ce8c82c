"""When a failed request is sent again, and what an error that stays means."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx2

from graphtune.config import ExtractConfig
from graphtune.errors import EndpointError, ExtractionError

#: Seconds; a server that asks for a longer pause is left alone until the next build.
MAX_RETRY_AFTER = 900.0
_MAX_BACKOFF = 60.0
_RETRIABLE = (408, 409, 425, 429)


class Wait(NamedTuple):
    """Seconds before the next try; `told` means that the server named them, for all requests."""

    seconds: float
    told: bool


def find_wait(failures: Sequence[Exception], first: float) -> Wait | None:
    """Return how long to wait after the last of these failures of one request, or None: do not retry.

    The wait doubles with each failure and is spread at random ("full jitter", AWS Architecture Blog,
    "Exponential Backoff And Jitter", 2015), so that requests that failed together part.
    """
    from openai import APIConnectionError, APIStatusError

    error = failures[-1]
    if isinstance(error, APIStatusError):
        if error.code == "insufficient_quota":
            return None
        if error.status_code not in _RETRIABLE and error.status_code < 500:
            return None
        if (told := _read_retry_after(error)) is not None:
            return Wait(told, True) if told <= MAX_RETRY_AFTER else None
    elif _is_timeout(error):
        # Each may take minutes, and may be charged for.
        if sum(map(_is_timeout, failures)) > 1:
            return None
    elif not isinstance(error, APIConnectionError | httpx2.HTTPError):
        return None
    longest = min(_MAX_BACKOFF, first * 2 ** (len(failures) - 1))
    return Wait(random.uniform(longest / 2, longest), False)


def _is_timeout(error: Exception) -> bool:
    from openai import APITimeoutError

    return isinstance(error, APITimeoutError | TimeoutError | httpx2.TimeoutException)


def _read_retry_after(error: Exception) -> float | None:
    response = getattr(error, "response", None)
    headers = response.headers if response is not None else {}
    return parse_retry_after(headers.get("retry-after"), datetime.now(UTC))


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a header `Retry-After` asks for (RFC 9110, 10.2.3), None without sense.

    >>> now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    >>> [parse_retry_after(v, now) for v in ("7", "Thu, 01 Jan 2026 12:01:30 GMT", "soon", None, "nan")]
    [7.0, 90.0, None, None, None]
    >>> parse_retry_after("Thu, 01 Jan 99999999999 00:00:00 GMT", now)
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        # A date without a zone counts as UTC.
        seconds = (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
    return max(0.0, seconds) if seconds == seconds else None


def is_key(text: str) -> bool:
    """Tell whether a text can stand in a header; the client would quote any other one in its error.

    >>> is_key("sk-1"), is_key(""), is_key("sk-1 sk-2"), is_key("sk–1")
    (True, True, False, False)
    """
    return all("!" <= character <= "~" for character in text)


def hide_credentials(url: str) -> str:
    """Return an address for messages, without the credentials that it may hold.

    >>> hide_credentials("https://me:secret@host:8080/v1?key=secret")
    'https://host:8080/v1'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def explain_error(error: Exception, config: ExtractConfig, place: str, key: str) -> ExtractionError:
    """Turn the client's error into ours: what happened, and what to do."""
    import openai

    detail = str(error).replace(key or "\0", "***")[:200]
    at = f"{place} (model {config.model!r})"
    if _is_timeout(error):
        return ExtractionError(
            f"{at} gave no reply within {config.timeout:g} s; raise timeout in [extract]"
        )
    cause = error.__cause__
    unreachable = isinstance(cause, httpx2.ConnectError | httpx2.UnsupportedProtocol)
    if isinstance(error, openai.APIConnectionError) and unreachable:
        return EndpointError(
            f"{at} cannot be reached: {cause}. Start the server, or correct base_url in [extract] "
            'or $OPENAI_BASE_URL, or set extractor = "rules".'
        )
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError):
        return ExtractionError(f"{at} dropped the connection: {cause or detail}")
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
    told = _read_retry_after(error)
    if told is not None and told > MAX_RETRY_AFTER:
        return EndpointError(f"{at} asks to wait {told:.0f} s: build again then. It said: {detail}")
    return ExtractionError(f"{at} failed: {detail}")
