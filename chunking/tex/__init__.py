"""LaTeX source into a `Document`: load, define macros, count, read."""

from graphtune.chunking.tex.read import read_latex

__all__ = ["read_latex"]
