"""The graph as one HTML page that needs nothing but a browser, and asks no other host for anything."""

from graphtune.kg.page.page import render_page

__all__ = ["render_page"]
