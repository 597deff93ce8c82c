"""Read papers in worker processes with limits: no file can stop the others, or take them with it.

Each worker has a pipe of its own and shares nothing with the others, so that one that dies at any moment
loses its own file only.
"""

import os
import pickle
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

from graphtune.chunking.limits import limit_memory, limit_time, prepare_signals, stop_clock
from graphtune.chunking.links import link_chunks
from graphtune.chunking.read import read_document
from graphtune.chunking.split import split_document
from graphtune.chunking.tokens import TokenSpans, load_token_spans
from graphtune.config import ChunkingConfig, ReadingConfig
from graphtune.errors import DocumentError, GraphtuneError
from graphtune.records import Reading, Status

#: Reads one file inside a worker.
Reader = Callable[[Path, ChunkingConfig, TokenSpans], Reading]

#: Readings that wait for their turn may take so many bytes (pickled); then workers pause.
LOOK_AHEAD = 64 * 2**20
#: Seconds that a worker may take to start, and how often in a row that may fail.
START_SECONDS, MAX_FAILED_STARTS = 120.0, 3
_OUT_OF_MEMORY = 77  # exit code


def read_paper(path: Path, chunking: ChunkingConfig, count: TokenSpans) -> Reading:
    """Read, cut and link a file; one that cannot be read gives a status that says why."""
    try:
        document = read_document(path)
    except DocumentError as error:
        return Reading(str(path), error.status, str(error))
    chunks = split_document(document, chunking, count)
    links = link_chunks(document, chunks)
    message = _shorten(document.warnings)
    status: Status = "degraded" if document.warnings else "ok"
    # The chunks have their boxes now; the lines would be half of what goes between the processes.
    document = replace(document, lines=())
    return Reading(str(path), status, message, document, tuple(chunks), tuple(links))


def read_papers(
    paths: Sequence[Path],
    reading: ReadingConfig,
    chunking: ChunkingConfig,
    tokenizer: Path,
    read: Reader = read_paper,
) -> Generator[Reading, None, None]:
    """Yield one reading for each path, in their order, whatever becomes of the workers.

    A file over its wall or CPU time ends as "timeout", one whose worker dies or runs out of memory as
    "crash". `read` must be a function that another process can import.

    Raises:
        ModelError: the tokenizer cannot be loaded.
        DocumentError: no worker can be started.
    """
    crew = _Crew(paths, reading, (read, chunking, tokenizer, reading))
    try:
        for index in range(len(paths)):
            while index not in crew.done:
                crew.work()
            crew.hand_out()  # so that the workers have work while the caller has the reading
            yield pickle.loads(crew.done.pop(index))
    finally:
        crew.dismiss()


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    is_ready: bool = False
    task: int | None = None


class _Crew:
    """The workers, the files that wait for one, and the pickled readings that wait for their turn."""

    def __init__(
        self, paths: Sequence[Path], reading: ReadingConfig, arguments: tuple[Any, ...]
    ) -> None:
        self.paths = paths
        self.reading = reading
        self.arguments = arguments
        self.size = reading.workers or _count_processors()
        self.waiting = deque(range(len(paths)))
        self.done: dict[int, bytes] = {}
        self.workers: list[_Worker] = []
        self.failed_starts = 0
        # One server imports everything once; on other systems forking is not safe, however early.
        on_linux = sys.platform == "linux"
        self.context = get_context("forkserver") if on_linux else get_context("spawn")
        libraries = ["pymupdf"] if any(path.suffix.lower() == ".pdf" for path in paths) else []
        self.context.set_forkserver_preload([__name__, *libraries])

    def work(self) -> None:
        """Give files to free workers, and wait until a worker has something to say, or dies."""
        self.hand_out()
        heard = wait([worker.connection for worker in self.workers])
        for worker in [worker for worker in self.workers if worker.connection in heard]:
            self._listen(worker)

    def hand_out(self) -> None:
        """Give files to free workers, and start new ones where there are too few."""
        busy = sum(worker.task is not None for worker in self.workers)
        while len(self.workers) < min(self.size, busy + len(self.waiting)):
            self._hire()
        for worker in self.workers:
            has_room = sum(map(len, self.done.values())) < LOOK_AHEAD or not busy
            if not (self.waiting and has_room and worker.is_ready and worker.task is None):
                continue
            try:
                worker.connection.send(self.paths[self.waiting[0]])
            except OSError:
                continue  # it died idle, which `work` will hear
            worker.task = self.waiting.popleft()
            busy += 1

    def dismiss(self) -> None:
        """Stop all workers at once."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()
            worker.connection.close()
        self.workers.clear()

    def _hire(self) -> None:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(
            target=_serve, args=(theirs, *self.arguments), name="graphtune-reader", daemon=True
        )
        with _hide_main():
            process.start()
        theirs.close()  # or its end would never be heard
        self.workers.append(_Worker(process, ours))

    def _listen(self, worker: _Worker) -> None:
        try:
            message = worker.connection.recv_bytes()
        except (EOFError, OSError):
            self._bury(worker)
            return
        if worker.task is None:
            if isinstance(failure := pickle.loads(message), GraphtuneError):
                raise failure
            worker.is_ready = True
            self.failed_starts = 0
        else:
            self.done[worker.task] = message
        worker.task = None

    def _bury(self, worker: _Worker) -> None:
        """Remove a dead worker; the file that it was reading has its status now."""
        self.workers.remove(worker)
        worker.process.join()
        worker.connection.close()
        code = worker.process.exitcode
        if worker.task is not None:
            path = self.paths[worker.task]
            self.done[worker.task] = pickle.dumps(_explain(path, self.reading, code))
        elif not worker.is_ready:
            self.failed_starts += 1
            if self.failed_starts == MAX_FAILED_STARTS:
                raise DocumentError(
                    f"the processes that read papers die at their start (exit code {code}); "
                    "allowed is 0. Free some memory, or set fewer workers under [reading]."
                )


def _explain(path: Path, reading: ReadingConfig, code: int | None) -> Reading:
    """Say what became of a file whose worker ended with an exit code (minus a signal's number)."""
    limits: dict[int, tuple[Status, str, str]] = {
        -signal.SIGALRM: (
            "timeout",
            f"took more than {reading.wall_seconds:g} seconds",
            "wall_seconds",
        ),
        -signal.SIGXCPU: (
            "timeout",
            f"took more than {reading.cpu_seconds:g} CPU seconds",
            "cpu_seconds",
        ),
        _OUT_OF_MEMORY: ("crash", f"needs more than {reading.memory_mb} MB of memory", "memory_mb"),
    }
    if code in limits:
        status, fault, setting = limits[code]
        remedy = f"Raise {setting} under [reading] and build with --retry failed"
        return Reading(str(path), status, f"{path} {fault}. {remedy}.")
    signals = {-item.value: item.name for item in signal.Signals}
    fault = f"{path} killed its reader ({signals.get(code or 0, f'exit code {code}')})"
    return Reading(str(path), "crash", f"{fault}. Repair it or get it anew.")


def _serve(
    connection: Connection,
    read: Reader,
    chunking: ChunkingConfig,
    tokenizer: Path,
    reading: ReadingConfig,
) -> None:
    """Run a worker: say that it is ready, then answer each path with a reading, until the pipe ends."""
    prepare_signals()
    limit_time(START_SECONDS, START_SECONDS)
    os.dup2(2, 1)  # libraries may print; standard output belongs to the command
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the workers are parallel already
    try:
        count = load_token_spans(tokenizer)
    except GraphtuneError as error:
        connection.send(error)
        return
    limit_memory(reading.memory_mb)
    stop_clock()
    try:
        connection.send(None)
        while True:
            path = connection.recv()
            limit_time(reading.wall_seconds, reading.cpu_seconds)
            answer = pickle.dumps(_read_safely(read, path, chunking, count))
            stop_clock()  # the parent may take its time
            connection.send_bytes(answer)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)  # not even an exception may need memory now
    except (EOFError, OSError):
        return  # the parent is gone


def _read_safely(read: Reader, path: Path, chunking: ChunkingConfig, count: TokenSpans) -> Reading:
    try:
        return read(path, chunking, count)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  a fault of ours costs its file, which names it
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        message = f"{path} met a fault in graphtune ({type(error).__name__} at {place}: {error})."
        return Reading(str(path), "crash", f"{message} Please report it with the file.")


@contextmanager
def _hide_main() -> Iterator[None]:
    """Hide the user's script while a worker starts, which would run it once more."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _count_processors() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _shorten(warnings: Sequence[str], most: int = 3) -> str:
    """Join the first few warnings.

    >>> _shorten(["page 2 failed", "page 3 failed", "no xref", "bad stream", "bad font"])
    'page 2 failed; page 3 failed; no xref; and 2 more'
    """
    rest = [f"and {len(warnings) - most} more"] if len(warnings) > most else []
    return "; ".join([*warnings[:most], *rest])
