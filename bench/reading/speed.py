"""Pages a second: the library alone, the library with drawings and tokens, and graphtune."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from graphtune.bench.reading.corpus import find_pdfs, load_pymupdf
from graphtune.chunking import TokenSpans, load_token_spans, read_papers
from graphtune.config import ChunkingConfig, ReadingConfig
from graphtune.progress import track

_count: TokenSpans | None = None  # of this worker
_BUDGET = 256

_MEMORY = """
import sys
from pathlib import Path
from time import perf_counter
from graphtune.chunking import load_token_spans, read_document, split_document
from graphtune.config import ChunkingConfig
began = perf_counter()
document = read_document(Path(sys.argv[1]))
read = perf_counter()
chunks = split_document(document, ChunkingConfig(max_tokens=256), load_token_spans(Path(sys.argv[2])))
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak) / 1024, read - began, perf_counter() - read, len(chunks))
"""


def prepare_worker(tokenizer: Path) -> None:
    """Load what a worker needs once."""
    global _count
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    load_pymupdf()
    _count = load_token_spans(tokenizer)


def read_plain(pdf: Path) -> int:
    """Read every page with the library alone; return the number of pages."""
    return _read_pages(pdf, with_all=False)


def read_with_drawings(pdf: Path) -> int:
    """Read the same and vector drawings, with one pass of the tokenizer over each page."""
    return _read_pages(pdf, with_all=True)


def _read_pages(pdf: Path, with_all: bool) -> int:
    pymupdf = load_pymupdf()
    flags = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES
    try:
        file = pymupdf.open(pdf)
    except (RuntimeError, ValueError):
        return 0
    with file:
        for page in file:
            blocks = page.get_text("dict", flags=flags)["blocks"]
            if with_all:
                page.get_drawings()
                lines = (line for block in blocks for line in block.get("lines", ()))
                text = "\n".join("".join(s["text"] for s in line["spans"]) for line in lines)
                assert _count is not None
                _count(text)
        return len(file)


def _run_pool(work: Any, pdfs: Sequence[Path], processes: int, tokenizer: Path) -> float:
    context = get_context("forkserver")
    context.set_forkserver_preload(["pymupdf", __name__])
    began = perf_counter()
    with context.Pool(processes, prepare_worker, (tokenizer,)) as pool:
        for _ in pool.imap_unordered(work, pdfs):
            pass
    return perf_counter() - began


def _run_graphtune(pdfs: Sequence[Path], processes: int, tokenizer: Path) -> float:
    """Time graphtune's own pool, as `graphtune build` uses it."""
    reading, chunking = ReadingConfig(workers=processes), ChunkingConfig(max_tokens=_BUDGET)
    began = perf_counter()
    for _ in read_papers(pdfs, reading, chunking, tokenizer):
        pass
    return perf_counter() - began


def measure_speed(
    folder: Path, tokenizer: Path, processes: int | None = None, rounds: int = 3
) -> list[dict[str, Any]]:
    """Time the three on all PDFs of a folder, in turn, and return the medians.

    Each figure includes the start of its workers; one run before, on one file, starts the server that
    they are forked from.
    """
    pdfs = find_pdfs(folder)
    processes = processes or len(os.sched_getaffinity(0))
    pages = sum(_count_pages(pdf) for pdf in pdfs)
    systems: dict[str, Callable[[Sequence[Path]], float]] = {
        "PyMuPDF dict": lambda files: _run_pool(read_plain, files, processes, tokenizer),
        "dict + drawings + tokens": lambda files: _run_pool(
            read_with_drawings, files, processes, tokenizer
        ),
        "graphtune": lambda files: _run_graphtune(files, processes, tokenizer),
    }
    for run in systems.values():
        run(pdfs[:1])
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    turns = [(name, run) for _ in range(rounds) for name, run in systems.items()]
    for name, run in track(turns, "speed", "runs"):
        seconds[name].append(run(pdfs))
    plain = median(seconds["PyMuPDF dict"])
    return [
        {
            "system": name,
            "pages": pages,
            "processes": processes,
            "seconds": round(median(times), 2),
            "pages/s": round(pages / median(times), 1),
            "times the library": round(median(times) / plain, 2),
            "best runs": round(min(times) / min(seconds["PyMuPDF dict"]), 2),
            "all runs": " ".join(f"{time:.2f}" for time in times),
        }
        for name, times in seconds.items()
    ]


def _count_pages(pdf: Path) -> int:
    pymupdf = load_pymupdf()
    try:
        with pymupdf.open(pdf) as file:
            return len(file)
    except (RuntimeError, ValueError):
        return 0


def make_long_pdf(pdfs: Sequence[Path], pages: int, target: Path) -> None:
    """Write a PDF of so many pages by repeating others."""
    pymupdf = load_pymupdf()
    with pymupdf.open() as long:
        while len(long) < pages:
            for pdf in pdfs:
                with pymupdf.open(pdf) as file:
                    last = min(len(file), pages - len(long)) - 1
                    if last >= 0:
                        long.insert_pdf(file, to_page=last, links=False, annots=False)
        long.save(target)


def measure_memory(folder: Path, tokenizer: Path, pages: int = 2000) -> dict[str, Any]:
    """Read a PDF of so many pages in a fresh process; return its peak memory and its seconds."""
    pdfs = find_pdfs(folder)
    with tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary) / "long.pdf"
        make_long_pdf(pdfs, pages, target)
        command = [sys.executable, "-c", _MEMORY, str(target), str(tokenizer)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        size = target.stat().st_size
    peak, reading, cutting, chunks = output.split()[-4:]
    return {
        "pages": pages,
        "PDF MB": round(size / 2**20, 1),
        "peak MB": round(float(peak), 1),
        "seconds to read": round(float(reading), 1),
        "seconds to cut": round(float(cutting), 1),
        "chunks": int(chunks),
    }
