"""Extraction by a language model: stored replies first, then requests, several at once."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from graphtune.config import Config, ExtractConfig
from graphtune.errors import EndpointError
from graphtune.kg.findings import save_extractions
from graphtune.kg.llm.cache import measure_speed
from graphtune.kg.llm.client import ModelClient, Reply, find_url
from graphtune.kg.llm.cost import (
    Budget,
    Estimate,
    count_tokens,
    estimate_requests,
    find_price,
    format_money,
)
from graphtune.kg.llm.plan import Job, list_jobs, list_unasked, make_version
from graphtune.kg.llm.prompts import make_messages
from graphtune.kg.llm.reading import BatchReader, Findings, Messages, NotStoredError, find_nothing
from graphtune.kg.llm.records import make_schema
from graphtune.kg.llm.retry import hide_credentials
from graphtune.kg.ontology import Ontology
from graphtune.kg.store import GraphStore
from graphtune.kg.summary import BuildSummary
from graphtune.prices import Price
from graphtune.progress import open_bar
from graphtune.records import Chunk, Extraction

#: An endpoint that fails so often is taken to be broken: each failure may cost minutes of waiting.
MAX_FAILURES_IN_A_ROW = 5
#: Asks whether an estimate is agreed to.
Consent = Callable[[Estimate], bool]


class ModelRun:
    """One extractor (`llm` or `hybrid`) at work on one store; every writing step is a transaction.

    What the database holds in the end does not depend on the order in which replies arrive: each batch
    stands for itself, and is asked about in words that do not depend on the others.
    """

    def __init__(
        self,
        store: GraphStore,
        config: Config,
        ontology: Ontology,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._store = store
        self._settings = config.extract
        self._ontology = ontology
        self._environ = environ
        self._version = make_version(ontology, config.extract)
        self._schema = make_schema(ontology, config.extract)
        self._url = find_url(config.extract, environ)
        self._price = find_price(config.prices, config.extract.model, self._url)

    def estimate(self) -> Estimate:
        """Return what a build would send, without storing anything."""
        jobs = [job for job, findings in self._read_stored() if findings is None]
        return self._estimate(cap_jobs(jobs, self._settings.max_chunks))

    def extract(self, summary: BuildSummary, consent: Consent | None) -> None:
        """Bring the findings up to date, as far as endpoint, limits and budget allow.

        Failures are stored as failures and tried again next time. Where extraction stops before its end,
        `summary.stopped` says why.

        Args:
            summary: where the numbers go.
            consent: asked before anything is sent that costs money, or may; without it, `max_cost` has
                to be set.
        """
        unasked = list_unasked(self._store, self._settings, self._version)
        self._save(((chunk, Extraction()) for chunk in unasked), summary)
        jobs = []
        for job, findings in self._read_stored():
            if findings is None:
                jobs.append(job)
            else:
                self._save_job(job, findings, summary)
        jobs = cap_jobs(jobs, self._settings.max_chunks)
        if not jobs:
            return
        try:
            client = ModelClient(self._settings, self._environ)
        except EndpointError as error:
            summary.stopped = str(error)
            return
        estimate = self._estimate(jobs)
        summary.stopped = find_objection(estimate, self._price, self._settings, consent)
        if not summary.stopped:
            print(f"asking {estimate.describe()}", file=sys.stderr)
            asyncio.run(self._ask_all(client, jobs, summary))

    def _estimate(self, jobs: Sequence[Job]) -> Estimate:
        requests = []
        for job in jobs:
            messages = make_messages(job.batch, self._ontology, self._settings)
            tokens = sum(count_tokens(message["content"]) for message in messages)
            requests.append((tokens, len(job.batch.chunks)))
        speed = measure_speed(self._store.db, self._settings)
        place = hide_credentials(self._url)
        return estimate_requests(place, self._price, self._settings, speed, requests)

    def _read_stored(self) -> Iterator[tuple[Job, Findings | None]]:
        """Yield each job with the findings from stored replies, None where there has to be a request."""
        db, settings = self._store.db, self._settings
        reader = BatchReader(db, settings, self._ontology, self._schema, find_nothing)
        with asyncio.Runner() as runner:
            for job in list_jobs(self._store, settings, self._version):
                try:
                    yield job, runner.run(reader.read(job.batch))
                except NotStoredError:
                    yield job, None

    async def _ask_all(
        self, client: ModelClient, jobs: Sequence[Job], summary: BuildSummary
    ) -> None:
        settings = self._settings
        budget = Budget(self._price, settings.max_cost)
        queue = iter(jobs)
        failed_in_a_row = 0

        async def ask(messages: Messages) -> tuple[Reply, float | None]:
            bought = await client.buy(budget, messages, self._schema)
            summary.requests += 1
            return bought

        async def work() -> None:
            nonlocal failed_in_a_row
            # What is under way when extraction stops is paid for, and comes to its end.
            while not summary.stopped and (job := next(queue, None)):
                try:
                    findings = await reader.read(job.batch)
                except EndpointError as error:
                    summary.stopped = summary.stopped or str(error)
                    return
                self._save_job(job, findings, summary)
                messages = [item for item in findings.values() if isinstance(item, str)]
                failed_in_a_row = failed_in_a_row + 1 if messages else 0
                if failed_in_a_row == MAX_FAILURES_IN_A_ROW and not summary.stopped:
                    summary.stopped = (
                        f"{failed_in_a_row} requests failed in a row, the last: {messages[-1]}"
                    )
                bar.set_postfix_str(
                    format_money(budget.spent) if self._price else "", refresh=False
                )
                bar.update(len(job.pending))

        db = self._store.db
        reader = BatchReader(db, settings, self._ontology, self._schema, ask)
        total = sum(len(job.pending) for job in jobs)
        bar = open_bar(f"extracting concepts ({settings.extractor})", "chunks", total)
        try:
            with bar:
                await asyncio.gather(*(work() for _ in range(settings.concurrency)))
        finally:
            summary.spent = budget.spent if self._price else None
            await client.close()

    def _save_job(self, job: Job, findings: Findings, summary: BuildSummary) -> None:
        self._save(((chunk, findings[chunk.id]) for chunk in job.pending), summary)

    def _save(
        self, results: Iterator[tuple[Chunk, Extraction | str]], summary: BuildSummary
    ) -> None:
        rows = list(results)
        save_extractions(self._store.db, self._settings.extractor, self._version, rows)
        summary.extracted_chunks += len(rows)


def cap_jobs(jobs: Sequence[Job], max_chunks: int | None) -> list[Job]:
    """Return the first jobs that have at most so many pending chunks together, at least one job."""
    if max_chunks is None:
        return list(jobs)
    kept: list[Job] = []
    for job in jobs:
        if kept and sum(len(item.pending) for item in (*kept, job)) > max_chunks:
            break
        kept.append(job)
    return kept


def find_objection(
    estimate: Estimate, price: Price | None, config: ExtractConfig, consent: Consent | None
) -> str:
    """Say why these requests must not be sent, "" if they may."""
    if price and not (price.input or price.output):
        return ""
    if price is None and config.max_cost is not None:
        return (
            f"max_cost = {config.max_cost:g} cannot be kept, as the price of {config.model!r} is not "
            f'known; write "{config.model}" = {{ input = …, output = … }} under [prices], dollars for a '
            "million tokens. Nothing was sent."
        )
    if consent:
        return "" if consent(estimate) else "it was not agreed to. Nothing was sent."
    if config.max_cost is not None:
        return ""
    return (
        f"this costs money: {estimate.describe()}. Say --yes, or set max_cost in [extract]; nothing "
        "was sent."
    )
