"""Papers to passages: read PDF, LaTeX, Markdown and plain text, and cut it at sections and sentences."""

from graphtune.chunking.pool import read_papers
from graphtune.chunking.read import find_papers, read_document
from graphtune.chunking.split import split_document
from graphtune.chunking.tokens import TokenSpans, load_token_spans

__all__ = [
    "TokenSpans",
    "find_papers",
    "load_token_spans",
    "read_document",
    "read_papers",
    "split_document",
]
