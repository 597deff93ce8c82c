"""Judging concept graphs against graphs that people made of the same papers.

`python -m graphtune.bench.graphs planetmath WORKSPACE GOLD`.
"""
