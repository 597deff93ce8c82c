"""What a model says of the passages of one batch: asked, stored, read, and asked again where it failed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from pydantic import BaseModel
from sqlite_utils import Database

from graphtune.config import ExtractConfig
from graphtune.errors import EndpointError, ExtractionError
from graphtune.kg.llm.batches import Batch
from graphtune.kg.llm.cache import find_reply, make_key, save_reply
from graphtune.kg.llm.client import Reply
from graphtune.kg.llm.prompts import make_gleaning_messages, make_messages
from graphtune.kg.llm.replies import merge_extractions, read_reply
from graphtune.kg.ontology import Ontology
from graphtune.records import Extraction

Messages = list[dict[str, str]]
#: By chunk id, what was found, or why nothing could be.
Findings = dict[str, Extraction | str]
#: Sends a conversation, and returns the reply and what it cost (None: unknown).
Ask = Callable[[Messages], Awaitable[tuple[Reply, float | None]]]


class NotStoredError(Exception):
    """A reply that is needed is not in the database."""


async def find_nothing(messages: Messages) -> tuple[Reply, float | None]:
    """Stand in for a model where only stored replies are to be used.

    Raises:
        NotStoredError: always.
    """
    raise NotStoredError


@dataclass(frozen=True, slots=True)
class BatchReader:
    """Turns batches into findings, by stored replies where there are any, else by asking."""

    db: Database
    config: ExtractConfig
    ontology: Ontology
    schema: type[BaseModel]
    ask: Ask

    async def read(self, batch: Batch) -> Findings:
        """Return findings for all passages of a batch; those it failed on have a message instead.

        Passages that a reply leaves out, because it was cut off or for no reason, are asked about again
        in smaller batches.

        Raises:
            EndpointError: no batch will do.
            NotStoredError: as `ask` raises it.
        """
        try:
            found = await self._read_once(batch)
        except EndpointError:
            raise
        except ExtractionError as error:
            return {chunk.id: str(error) for chunk in batch.chunks}
        missing = [i for i, chunk in enumerate(batch.chunks) if chunk.id not in found]
        result: Findings = {**found}
        if missing and len(batch.chunks) == 1:
            limit = self.config.max_output_tokens
            result[batch.chunks[0].id] = (
                f"the reply was cut off at max_output_tokens = {limit}; raise it in [extract]"
            )
            return result
        middle = len(missing) // 2
        for part in [missing] if found else [missing[:middle], missing[middle:]]:
            if part:
                result |= await self.read(_take(batch, part))
        return result

    async def _read_once(self, batch: Batch) -> dict[str, Extraction]:
        """Return what the reply about a batch, and those of the gleaning, say; cut off, it may be nothing."""
        messages: Messages = make_messages(batch, self.ontology, self.config)
        key = make_key(messages, self.schema, self.config)
        reply = find_reply(self.db, key, self.config.max_output_tokens)
        found = self._try_reading(reply, batch) if reply else {}
        # A stored reply that is of no use was a failure, and failures are tried again.
        if reply is None or not (found or (reply.is_truncated and len(batch.chunks) > 1)):
            reply = await self._ask(messages, key)
            try:
                found = read_reply(reply.content, batch, self.ontology, self.config)
            except ExtractionError:
                if not reply.is_truncated:
                    raise
        for _ in range(0 if reply.is_truncated else self.config.gleaning):
            messages = make_gleaning_messages(messages, reply.content)
            key = make_key(messages, self.schema, self.config)
            reply = find_reply(self.db, key, self.config.max_output_tokens)
            reply = reply or await self._ask(messages, key)
            for chunk_id, more in self._try_reading(reply, batch).items():
                known = found.get(chunk_id)
                found[chunk_id] = merge_extractions(known, more) if known else more
        return found

    def _try_reading(self, reply: Reply, batch: Batch) -> dict[str, Extraction]:
        try:
            return read_reply(reply.content, batch, self.ontology, self.config)
        except ExtractionError:
            return {}

    async def _ask(self, messages: Messages, key: str) -> Reply:
        reply, cost = await self.ask(messages)
        # Before anything else: it is paid for.
        save_reply(self.db, key, reply, self.config, cost)
        return reply


def _take(batch: Batch, indices: list[int]) -> Batch:
    return replace(
        batch,
        chunks=tuple(batch.chunks[i] for i in indices),
        proposals=tuple(batch.proposals[i] for i in indices) if batch.proposals else (),
    )
