"""graphtune: from a folder of papers to an embedding model that is measurably better on them."""

from importlib.metadata import version

from graphtune.errors import GraphtuneError

__all__ = ["GraphtuneError", "__version__"]

__version__ = version("graphtune")
