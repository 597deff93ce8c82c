"""Measuring retrieval: benchmarks, systems, honest tables.

>>> from graphtune.bench import load_beir, run_systems
"""

from graphtune.bench.beir import load_beir, load_splits
from graphtune.bench.benchmark import Benchmark, hash_benchmark, label_seen
from graphtune.bench.claims import Claim, state_claim
from graphtune.bench.compare import Report, Result, add_training, compare_systems
from graphtune.bench.earlier import (
    Earlier,
    check_same_data,
    compare_earlier,
    is_same_data,
    read_earlier,
)
from graphtune.bench.export import write_beir
from graphtune.bench.exposure import Training
from graphtune.bench.graph_queries import make_graph_benchmark
from graphtune.bench.headline import Headline, find_headline
from graphtune.bench.output import (
    describe_report,
    read_data,
    read_result,
    render_text,
    write_report,
)
from graphtune.bench.run import list_named, run_systems
from graphtune.bench.search import Hit, search_graph
from graphtune.bench.strata import label_strata
from graphtune.bench.systems import Cost, Missing, Ranking
from graphtune.bench.table import render_table

__all__ = [
    "Benchmark",
    "Claim",
    "Cost",
    "Earlier",
    "Headline",
    "Hit",
    "Missing",
    "Ranking",
    "Report",
    "Result",
    "Training",
    "add_training",
    "check_same_data",
    "compare_earlier",
    "compare_systems",
    "describe_report",
    "find_headline",
    "hash_benchmark",
    "is_same_data",
    "label_seen",
    "label_strata",
    "list_named",
    "load_beir",
    "load_splits",
    "make_graph_benchmark",
    "read_data",
    "read_earlier",
    "read_result",
    "render_table",
    "render_text",
    "run_systems",
    "search_graph",
    "state_claim",
    "write_beir",
    "write_report",
]
