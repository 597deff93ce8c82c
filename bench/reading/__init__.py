"""Judging how papers are read, against their LaTeX sources; nothing here uses graphtune's own LaTeX reader.

`python -m graphtune.bench.reading structure FOLDER` (also `chunks`, `pages`, `speed`, `memory`).
"""
