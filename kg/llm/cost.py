"""What requests cost: prices, an estimate before anything is sent, and a budget that holds."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from graphtune.config import ExtractConfig
from graphtune.errors import EmptyReplyError, EndpointError
from graphtune.prices import Price

#: Assumed where this database has no replies of the model yet.
ASSUMED_SECONDS = 10.0
ASSUMED_TOKENS_A_PASSAGE = 350


@dataclass(frozen=True, slots=True)
class Speed:
    """Means over the replies of a model that a database holds; None where it has none."""

    seconds: float | None = None
    completion_tokens: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a build is going to send.

    `cost` is in dollars, None where the price is unknown; `seconds` by the clock; `assumptions` says
    where the figures come from.
    """

    model: str
    place: str
    chunks: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    seconds: float
    assumptions: tuple[str, ...]

    def describe(self) -> str:
        """Say it in one line, with the assumptions on the next."""
        money = "price unknown" if self.cost is None else format_money(self.cost)
        return (
            f"{self.model} at {self.place}: {self.chunks:,} chunks in {self.requests:,} requests, "
            f"about {self.prompt_tokens:,} tokens sent and {self.completion_tokens:,} received, "
            f"{money}, {format_seconds(self.seconds)}\n({'; '.join(self.assumptions)})"
        )


def count_tokens(text: str) -> int:
    """Return about how many tokens a text has: one for four characters.

    >>> count_tokens("A poset is a set.")
    5
    """
    return -(-len(text) // 4)


def bound_tokens(text: str) -> float:
    """Return more tokens than a text has in practice: one for two characters, and one a byte beyond ASCII.

    Tokenizers of pairs of bytes have one token for a word, but up to one a byte for rare symbols.

    >>> bound_tokens("A poset is a set."), bound_tokens("∀𝔤")
    (8.5, 6.0)
    """
    return len(text) / 2 + len(text.encode(errors="replace")) - len(text)


def format_money(dollars: float) -> str:
    """Write an amount with as many digits as it needs.

    >>> format_money(0), format_money(0.00123), format_money(12.3)
    ('$0.00', '$0.0012', '$12.30')
    """
    return f"${dollars:.2f}" if dollars == 0 or dollars >= 1 else f"${dollars:.4f}"


def format_seconds(seconds: float) -> str:
    """Write a duration.

    >>> format_seconds(42), format_seconds(7300)
    ('42 s', '2 h 2 min')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def find_price(prices: Mapping[str, Price], model: str, url: str) -> Price | None:
    """Return the price of a model at an address; an unlisted one on this machine is free.

    >>> find_price({}, "tiny", "http://127.0.0.1:8080/v1")
    Price(input=0.0, output=0.0)
    >>> find_price({}, "tiny", "https://api.example.org/v1") is None
    True
    """
    if model in prices:
        return prices[model]
    return Price(input=0, output=0) if is_loopback(urlsplit(url).hostname or "") else None


def is_loopback(host: str) -> bool:
    """Tell whether a host name means this machine.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "api.openai.com")]
    [True, True, True, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def compute_cost(price: Price, prompt_tokens: float, completion_tokens: float) -> float:
    """Return dollars.

    >>> compute_cost(Price(input=1, output=2), 500_000, 1_000_000)
    2.5
    """
    return (price.input * prompt_tokens + price.output * completion_tokens) / 1_000_000


def estimate_requests(
    place: str,
    price: Price | None,
    config: ExtractConfig,
    speed: Speed,
    requests: list[tuple[int, int]],
) -> Estimate:
    """Foresee requests, each given as its tokens and its number of passages, gleaning included."""
    tokens_out = [
        min(
            float(config.max_output_tokens),
            speed.completion_tokens or passages * ASSUMED_TOKENS_A_PASSAGE,
        )
        for _, passages in requests
    ]
    rounds = 1 + config.gleaning
    completion = round(rounds * sum(tokens_out))
    # A gleaning round sends the prompt again, with the replies so far.
    prompt = sum(tokens for tokens, _ in requests) * rounds
    prompt += round(sum(tokens_out) * rounds * (rounds - 1) / 2)
    total = len(requests) * rounds
    seconds = total * (speed.seconds or ASSUMED_SECONDS) / config.concurrency
    seconds = max(
        seconds,
        60 * total / (config.requests_per_minute or float("inf")),
        60 * (prompt + completion) / (config.tokens_per_minute or float("inf")),
    )
    return Estimate(
        config.model,
        place,
        sum(passages for _, passages in requests),
        total,
        prompt,
        completion,
        None if price is None else compute_cost(price, prompt, completion),
        round(seconds, 1),
        (
            "tokens are counted as characters / 4",
            "output as in this database so far"
            if speed.completion_tokens
            else f"output assumed at {ASSUMED_TOKENS_A_PASSAGE} tokens a passage",
            "time as in this database so far"
            if speed.seconds
            else f"time assumed at {ASSUMED_SECONDS:g} s a request",
            f"{config.concurrency} requests at once",
        ),
    )


class Budget:
    """Money spent in one build, and its limit; belongs to one event loop."""

    def __init__(self, price: Price | None, limit: float | None) -> None:
        self.price = price
        self.spent = 0.0
        self._limit = limit
        self._held: list[float] = []
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def reserve(self, prompt_tokens: float, max_output_tokens: int) -> AsyncIterator[None]:
        """Hold back the most that a request can cost while it is under way.

        A reply without an answer is counted here, as whoever sent the request does not see it.

        Raises:
            EndpointError: it could go beyond the limit, and nothing under way can still change that.
        """
        most = compute_cost(self.price, prompt_tokens, max_output_tokens) if self.price else 0.0
        async with self._changed:
            while self._limit is not None and self.spent + sum(self._held) + most > self._limit:
                if not self._held:
                    raise EndpointError(
                        f"max_cost = {format_money(self._limit)} is reached: "
                        f"{format_money(self.spent)} spent, and the next request may cost "
                        f"{format_money(most)}. Raise max_cost in [extract] to go on."
                    )
                await self._changed.wait()
            self._held.append(most)
        try:
            yield
        except EmptyReplyError as error:
            self.spend(error.prompt_tokens, error.completion_tokens)
            raise
        finally:
            async with self._changed:
                self._held.remove(most)
                self._changed.notify_all()

    def spend(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Count a reply, and return what it cost, None where the price is unknown."""
        if self.price is None:
            return None
        cost = compute_cost(self.price, prompt_tokens, completion_tokens)
        self.spent += cost
        return cost
