"""What this process may use: limits that the kernel enforces, also while foreign code hangs or loops.

At a limit of time the process dies by a signal (SIGALRM by the clock, SIGXCPU by processor time), at that
of memory it sees a MemoryError.
"""

import resource
import signal
import sys
from math import ceil
from pathlib import Path
from time import process_time


def prepare_signals() -> None:
    """Let the signals of the limits end the process, without a core file; Ctrl-C is for the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    _set_limit(resource.RLIMIT_CORE, 0)


def limit_time(wall_seconds: float, cpu_seconds: float) -> None:
    """End the process once it has gone on for so long, or has used so much of a processor, from now."""
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)
    _set_limit(resource.RLIMIT_CPU, ceil(process_time() + cpu_seconds))


def stop_clock() -> None:
    """Lift the limit of time by the clock."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def limit_memory(megabytes: int) -> None:
    """Let the process take so many MB more than it holds now; only Linux has a limit that fits.

    RLIMIT_DATA counts what can be written to; address space (RLIMIT_AS) is reserved by the gigabyte.
    """
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
        _set_limit(resource.RLIMIT_DATA, pages * resource.getpagesize() + megabytes * 2**20)


def _set_limit(kind: int, limit: int) -> None:
    _, most = resource.getrlimit(kind)
    if most != resource.RLIM_INFINITY:
        limit = min(limit, most)
    resource.setrlimit(kind, (limit, most))
