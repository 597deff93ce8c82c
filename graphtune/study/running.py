"""Running a study: every model that is not measured yet is trained, ranked and stored."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from filelock import FileLock, Timeout

from graphtune import __version__, pairs
from graphtune.bench import Benchmark, Ranking, label_seen, load_splits
from graphtune.bench.benchmark import UNLABELLED, hash_benchmark
from graphtune.bench.compare import NDCG, list_clusters, score_rankings
from graphtune.bench.embedder import open_local
from graphtune.bench.retrievers import fuse_rankings, rank_bm25, rank_dense
from graphtune.config import BaseConfig
from graphtune.errors import DataError, GraphtuneError
from graphtune.files import write_bytes, write_record
from graphtune.kg import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs import (
    MadePairs,
    PairsOrder,
    Split,
    find_made,
    list_anchor_names,
    read_pairs,
    write_recipe,
)
from graphtune.pipeline import read_graph, read_report, refer_to
from graphtune.progress import tell
from graphtune.study.results import Outcome, Queries, Scores, read_outcome, write_outcome
from graphtune.study.settings import Job, StudyConfig, list_jobs
from graphtune.train import TrainReport, make_training_data, train_encoder
from graphtune.tuning_config import SplitConfig
from graphtune.workspace import open_workspace


@dataclass(frozen=True)
class StudyRun:
    """What one process did: models that it measured, that others are at, and that cannot be made."""

    measured: tuple[str, ...]
    busy: tuple[str, ...]
    failed: Mapping[str, str]


@dataclass
class _Inputs:
    """What is read once for all models; `words` are BM25's rankings, None where it finds nothing."""

    out: Path
    graph: ConceptGraph
    split: Split
    base: BaseConfig
    top_k: int
    benchmarks: dict[str, Benchmark]
    words: dict[str, Ranking | None]
    split_config: SplitConfig
    pairs: dict[str, MadePairs] = field(default_factory=dict)

    @property
    def hashes(self) -> dict[str, str]:
        return {**self.graph.hashes, "split": self.split.digest}


def run_study(study: StudyConfig) -> StudyRun:
    """Measure the base and every model of a study that has not been measured on the same inputs.

    Several processes may run one study: each model is made by one of them. An interrupted training
    goes on from its last checkpoint.

    Raises:
        WorkspaceError: there is no such workspace.
        DataError: it has no graph, or a BEIR folder is malformed.
        ModelError: the base cannot be loaded.
    """
    inputs = _read_inputs(study)
    measured: list[str] = []
    busy: list[str] = []
    failed: dict[str, str] = {}
    for job in (None, *list_jobs(study)):
        label = job.label if job else "base"
        try:
            path = _name_outcome(inputs, job)
            with _claim(path) as is_ours:
                if not is_ours:
                    busy.append(label)
                elif not _is_measured(path, inputs):
                    tell(f"{label}: begins")
                    outcome = _run_job(inputs, job, study.keep_models) if job else _run_base(inputs)
                    write_outcome(path, outcome)
                    measured.append(label)
        except GraphtuneError as error:
            if job is None:
                raise
            failed[label] = str(error)
            tell(f"{label}: {error}")
    return StudyRun(tuple(measured), tuple(busy), failed)


def _read_inputs(study: StudyConfig) -> _Inputs:
    workspace = open_workspace(study.workspace)
    for folder in ("results", "models", "benchmarks", "pairs"):
        (study.out / folder).mkdir(parents=True, exist_ok=True)
    split_file = study.out / "split.json"
    if workspace.split.is_file():
        write_bytes(split_file, workspace.split.read_bytes())
    graph, split = read_graph(workspace, split_file)
    benchmarks: dict[str, Benchmark] = {}
    for one in study.beir:
        for benchmark in load_splits(one.folder, one.splits):
            if any(benchmark.name == known.name for known in benchmarks.values()):
                raise DataError(
                    f"two benchmarks are called {benchmark.name!r}: list each split once, and give "
                    "BEIR folders names of their own"
                )
            benchmarks[hash_benchmark(benchmark)] = benchmark
    for digest, benchmark in benchmarks.items():
        queries = _describe_queries(digest, benchmark, graph, split)
        write_record(study.out / "benchmarks" / f"{benchmark.name}.json", queries)
    config = workspace.config
    words = {digest: _rank_words(one, config.bench.top_k) for digest, one in benchmarks.items()}
    return _Inputs(
        out=study.out,
        graph=graph,
        split=split,
        base=config.base,
        top_k=config.bench.top_k,
        benchmarks=benchmarks,
        words=words,
        split_config=config.split,
    )


def _describe_queries(
    digest: str, benchmark: Benchmark, graph: ConceptGraph, split: Split
) -> Queries:
    """Group the queries by whether training may have met their names, the same for all variants."""
    anchors = {name for names in list_anchor_names(graph, split).values() for name in names}
    dev = [name for concept in split.list_concepts("dev") for name in graph.names(concept)]
    groups = label_seen(benchmark, anchors, dev, normalize_name).groups
    queries = tuple(benchmark.queries)
    places: dict[object, int] = {}
    topics = [places.setdefault(topic, len(places)) for topic in list_clusters(benchmark, queries)]
    return Queries(
        name=benchmark.name,
        digest=digest,
        queries=queries,
        groups=tuple(groups.get(query, UNLABELLED) for query in queries),
        topics=tuple(topics),
    )


def _rank_words(benchmark: Benchmark, top_k: int) -> Ranking | None:
    ranking = rank_bm25(benchmark, top_k)
    return ranking if any(ranking.runs[0].values()) else None


def _name_outcome(inputs: _Inputs, job: Job | None) -> Path:
    """Return where an outcome lies; the name depends on all that it stands on but the benchmarks."""
    parts = {**inputs.hashes, "base": inputs.base.digest(), "version": __version__}
    parts["top_k"] = str(inputs.top_k)
    settings = "base"
    if job:
        settings = job.digest_settings()
        parts["pairs"] = _make_pairs(inputs, job).card.hashes["pairs"]
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    return inputs.out / "results" / f"{settings}-{key}.json.gz"


def _make_pairs(inputs: _Inputs, job: Job) -> MadePairs:
    """Return the pairs of a job in a folder of their settings, made unless this code has made them."""
    key = job.pairs.digest()
    if key not in inputs.pairs:
        folder = inputs.out / "pairs" / f"{key}-{hash_code()}"
        order = PairsOrder(job.pairs, inputs.split_config, folder, "jsonl", inputs.base)
        known = {**inputs.hashes, "ontology": inputs.graph.ontology.digest()}
        with FileLock(folder.with_suffix(".lock")):
            found = find_made(order, known)
            inputs.pairs[key] = found or write_recipe(inputs.graph, inputs.split, order)
    return inputs.pairs[key]


def hash_code() -> str:
    """Return 8 hex digits of the code that makes pairs: while recipes are written, it changes often."""
    digest = hashlib.sha256()
    for path in sorted(Path(pairs.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


@contextmanager
def _claim(path: Path) -> Iterator[bool]:
    """Hold an outcome for this process, and tell whether it could be had; a dead process holds none."""
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        is_ours = False
    else:
        is_ours = True
    try:
        yield is_ours
    finally:
        lock.release()


def _is_measured(path: Path, inputs: _Inputs) -> bool:
    found = read_outcome(path)
    return found is not None and inputs.benchmarks.keys() <= found.scores.keys()


def _run_base(inputs: _Inputs) -> Outcome:
    scores = _measure(inputs, inputs.base)
    for digest, words in inputs.words.items():
        if words:
            scores[digest] |= _score(inputs.benchmarks[digest], {"BM25": words})
    settings = {"base": inputs.base.model_dump(mode="json")}
    return Outcome(name="base", seed=None, settings=settings, hashes=inputs.hashes, scores=scores)


def _run_job(inputs: _Inputs, job: Job, keep_models: bool) -> Outcome:
    made = _make_pairs(inputs, job)
    recipe, hashes = job.pairs.recipe, made.card.hashes
    folder = inputs.out / "models" / job.label
    began = perf_counter()
    report = read_report(folder)
    if not report or not _is_trained(report, inputs.base, job, hashes):
        rows, _ = read_pairs(made.path.parent, recipe)
        data = make_training_data(inputs.graph, inputs.split, rows, job.train, recipe, hashes)
        report = train_encoder(inputs.base, data, job.train, job.seed, folder, resume=None)
    seconds = perf_counter() - began
    outcome = Outcome(
        name=job.name,
        seed=job.seed,
        settings=job.model_dump(mode="json"),
        hashes=report.hashes,
        pairs=made.card.pairs,
        steps=report.steps,
        best_step=report.best_step,
        seconds=round(seconds, 1),
        verdict=report.verdict,
        leaks="" if made.certificate.is_clean() else made.certificate.verdict,
        scores=_measure(inputs, refer_to(folder, inputs.base)),
    )
    if not keep_models:
        shutil.rmtree(folder)
    return outcome


def _is_trained(report: TrainReport, base: BaseConfig, job: Job, hashes: Mapping[str, str]) -> bool:
    """Tell whether a model was made of the same, as when a study is stopped while it is ranked."""
    same_data = all(report.hashes.get(key) == value for key, value in hashes.items())
    return same_data and (report.base, report.settings, report.seed) == (base, job.train, job.seed)


def _measure(inputs: _Inputs, model: BaseConfig) -> dict[str, Scores]:
    """Rank every benchmark at each dimension, and at full width fused with BM25."""
    found = {}
    # Splits of one folder share their passages, which the cache encodes once.
    with TemporaryDirectory() as cache:
        embedder = open_local(model, Path(cache))
        for digest, benchmark in inputs.benchmarks.items():
            dense = rank_dense("model", embedder, benchmark, None, (), inputs.top_k)
            rankings = {str(ranking.dim): ranking for ranking in dense}
            if words := inputs.words[digest]:
                rankings["hybrid"] = fuse_rankings("hybrid", dense[0], words, inputs.top_k)
            found[digest] = _score(benchmark, rankings)
    return found


def _score(benchmark: Benchmark, rankings: Mapping[str, Ranking]) -> Scores:
    scores = score_rankings(benchmark, list(rankings.values()))
    return {
        rung: tuple(scores["", ranking.key][0, :, NDCG].tolist())
        for rung, ranking in rankings.items()
    }
