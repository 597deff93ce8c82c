"""Processes that `torchrun` or `accelerate launch` started side by side."""

import os


def is_main_process() -> bool:
    """Tell whether this process writes, scores and prints; one that nobody launched beside others does."""
    return os.environ.get("RANK", "0") == "0"


def count_processes() -> int:
    """Return how many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))
