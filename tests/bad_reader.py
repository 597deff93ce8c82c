"""A reader that misbehaves as its file says; light to import, because each worker does."""

import os
import signal
import time
from pathlib import Path

from graphtune.chunking import TokenSpans
from graphtune.chunking.pool import read_paper
from graphtune.config import ChunkingConfig
from graphtune.records import Reading


def read_badly(path: Path, chunking: ChunkingConfig, count: TokenSpans) -> Reading:
    """Do what the file says: this is code inside a worker."""
    words = path.read_text(encoding="utf-8").split()
    order = words[0] if words else ""
    if order == "KILL":
        os.kill(os.getpid(), signal.SIGKILL)
    elif order == "FAULT":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif order == "SLEEP":
        path.with_suffix(".pid").write_text(str(os.getpid()), encoding="utf-8")
        time.sleep(60)
    elif order == "SPIN":
        while True:
            pass
    elif order == "DEVOUR":
        held = [bytearray(2**20) for _ in range(10_000)]
        return Reading(str(path), "ok", f"{len(held)} MB and no end")
    elif order == "BUG":
        return Reading(str(path), "ok", str(1 / 0))
    elif order == "PRINT":
        os.write(1, b"noise on standard output")
    return read_paper(path, chunking, count)
