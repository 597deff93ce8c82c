"""The report of a benchmark as one HTML page that needs nothing but a browser and asks no other host."""

from graphtune.bench.page.page import render_page

__all__ = ["render_page"]
