"""Requests and tokens a minute, and pauses that a server asks for."""

import asyncio

from aiolimiter import AsyncLimiter

#: Tokens are let through in shares of so many seconds: a full minute's at once would be two minutes'
#: worth within the first one.
_PERIOD = 10.0


class Limits:
    """Holds requests back; belongs to one event loop."""

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._requests = AsyncLimiter(1, 60 / requests_per_minute) if requests_per_minute else None
        share = max(1.0, (tokens_per_minute or 0) * _PERIOD / 60)
        self._tokens = AsyncLimiter(share, _PERIOD) if tokens_per_minute else None
        self._debt = 0.0
        self._resume = 0.0

    async def admit(self, tokens: int) -> None:
        """Wait until a request that sends so many tokens may go."""
        clock = asyncio.get_running_loop()
        while (wait := self._resume - clock.time()) > 0:
            await asyncio.sleep(wait)
        if self._requests:
            await self._requests.acquire()
        if self._tokens:
            tokens, self._debt = max(0, tokens + int(self._debt)), 0.0
            while tokens > 0:
                part = min(float(tokens), self._tokens.max_rate)
                await self._tokens.acquire(part)
                tokens -= int(part) or 1

    def charge(self, tokens: int) -> None:
        """Count tokens beyond those that were announced, such as a reply's; the next request waits."""
        self._debt += tokens

    def pause(self, seconds: float) -> None:
        """Let no request go for so long: the server said so."""
        self._resume = max(self._resume, asyncio.get_running_loop().time() + seconds)
