"""Measuring retrieval: benchmarks, systems, honest tables.

>>> from graphtune.bench import load_beir, run_systems
"""

from graphtune.bench.beir import load_beir, load_splits
from graphtune.bench.benchmark import Benchmark, hash_benchmark, label_seen
from graphtune.bench.compare import Report, Result, compare_systems
from graphtune.bench.export import write_beir
from graphtune.bench.graph_queries import make_graph_benchmark
from graphtune.bench.output import describe_report, read_result, render_table, write_report
from graphtune.bench.run import run_systems
from graphtune.bench.search import Hit, search_graph
from graphtune.bench.strata import label_strata
from graphtune.bench.systems import Cost, Missing, Ranking

__all__ = [
    "Benchmark",
    "Cost",
    "Hit",
    "Missing",
    "Ranking",
    "Report",
    "Result",
    "compare_systems",
    "describe_report",
    "hash_benchmark",
    "label_seen",
    "label_strata",
    "load_beir",
    "load_splits",
    "make_graph_benchmark",
    "read_result",
    "render_table",
    "run_systems",
    "search_graph",
    "write_beir",
    "write_report",
]
