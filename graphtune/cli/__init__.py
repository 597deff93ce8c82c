"""The command line: thin commands over `graphtune.pipeline`."""

from graphtune.cli.main import main

__all__ = ["main"]
