"""The model's replies in the database: nothing is paid for twice."""

import hashlib
import json

from pydantic import BaseModel
from sqlite_utils import Database

from graphtune.config import ExtractConfig
from graphtune.kg.llm.client import Reply
from graphtune.kg.llm.cost import Speed
from graphtune.kg.llm.dialect import render_schema


def make_key(messages: list[dict[str, str]], schema: type[BaseModel], config: ExtractConfig) -> str:
    """Return the hash of all that an answer depends on; not how the server is asked for the schema."""
    parts = [config.model, config.temperature, messages, render_schema(schema)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def find_reply(db: Database, key: str, output_limit: int) -> Reply | None:
    """Return a stored reply, unless it was cut off where this limit of tokens may let it go on."""
    rows = db.query(
        "SELECT content, prompt_tokens, completion_tokens, finish_reason, seconds FROM replies "
        "WHERE key = ? AND (finish_reason <> 'length' OR output_limit >= ?)",
        [key, output_limit],
    )
    return next((Reply(**row) for row in rows), None)


def save_reply(
    db: Database, key: str, reply: Reply, config: ExtractConfig, cost: float | None
) -> None:
    """Store a reply in a transaction of its own, in the place of an earlier one."""
    row = {
        "key": key,
        "model": config.model,
        "content": reply.content,
        "finish_reason": reply.finish_reason,
        "output_limit": config.max_output_tokens,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "cost": cost,
        "seconds": reply.seconds,
    }
    with db.atomic():
        db.table("replies").insert(row, replace=True)


def measure_speed(db: Database, config: ExtractConfig) -> Speed:
    """Return the mean time and length of a model's stored replies of the same limit.

    Verdicts on names have a limit of their own, and are much shorter than findings.
    """
    rows = db.query(
        "SELECT avg(seconds) AS seconds, avg(completion_tokens) AS completion_tokens "
        "FROM replies WHERE model = ? AND output_limit = ?",
        [config.model, config.max_output_tokens],
    )
    return Speed(**next(iter(rows)))
