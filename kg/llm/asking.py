"""Single questions to a language model: what is stored is not asked again, the rest within the budget."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from graphtune.config import Config
from graphtune.errors import EndpointError, ExtractionError
from graphtune.kg.llm.cache import find_reply, make_key, measure_speed, save_reply
from graphtune.kg.llm.client import ModelClient, find_url
from graphtune.kg.llm.cost import Budget, count_tokens, estimate_requests, find_price
from graphtune.kg.llm.retry import hide_credentials
from graphtune.kg.llm.run import MAX_FAILURES_IN_A_ROW, Consent, find_objection
from graphtune.kg.store import GraphStore
from graphtune.kg.summary import BuildSummary
from graphtune.progress import open_bar

Messages = list[dict[str, str]]
Answer = TypeVar("Answer")
Answered = TypeVar("Answered", bound=BaseModel)


class _Question(NamedTuple):
    key: str
    messages: Messages
    schema: type[BaseModel]
    read: Callable[[str], object]


class ModelAsker:
    """Asks a model questions that stand each for themselves; replies are stored, and failures asked again."""

    #: Tokens that an answer needs, with room for a model that says more.
    output_limit: ClassVar[int] = 100
    #: What the progress bar says.
    task: ClassVar[str] = "verifying"

    def __init__(
        self,
        store: GraphStore,
        config: Config,
        summary: BuildSummary,
        consent: Consent | None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._db = store.db
        self._config = config
        self._settings = config.extract.model_copy(
            update={"gleaning": 0, "max_output_tokens": self.output_limit}
        )
        self._summary = summary
        self._consent = consent
        self._environ = environ

    def ask_all(
        self,
        questions: Sequence[Messages],
        schema: type[BaseModel],
        read: Callable[[str], Answer],
    ) -> list[Answer | None]:
        """Return what `read` makes of the replies; None where there is none, with the reason in the summary.

        `read` raises ExtractionError for a reply that is no answer; it is asked for again next time.
        """
        keys = [make_key(messages, schema, self._settings) for messages in questions]

        def read_stored(key: str) -> Answer | None:
            reply = find_reply(self._db, key, self.output_limit)
            return read(reply.content) if reply else None

        answers = [read_stored(key) for key in keys]
        todo = [n for n, answer in enumerate(answers) if answer is None]
        if todo and self._may_ask([questions[n] for n in todo]):
            wanted = [_Question(keys[n], questions[n], schema, read) for n in todo]
            asyncio.run(self._ask_all(wanted))
            answers = [read_stored(key) for key in keys]
        return answers

    def _may_ask(self, questions: Sequence[Messages]) -> bool:
        settings = self._settings
        url = find_url(settings, self._environ)
        price = find_price(self._config.prices, settings.model, url)
        sizes = [(sum(count_tokens(m["content"]) for m in messages), 1) for messages in questions]
        speed = measure_speed(self._db, settings)
        estimate = estimate_requests(hide_credentials(url), price, settings, speed, sizes)
        self._summary.stopped = find_objection(estimate, price, settings, self._consent)
        if not self._summary.stopped:
            print(f"{self.task}: {estimate.describe()}", file=sys.stderr)
        return not self._summary.stopped

    async def _ask_all(self, questions: Sequence[_Question]) -> None:
        settings, summary = self._settings, self._summary
        try:
            client = ModelClient(settings, self._environ)
        except EndpointError as error:
            summary.stopped = str(error)
            return
        price = find_price(self._config.prices, settings.model, find_url(settings, self._environ))
        spent = summary.spent or 0.0
        left = None if settings.max_cost is None else max(settings.max_cost - spent, 0.0)
        budget = Budget(price, left)
        queue = iter(questions)
        failures: list[str] = []
        in_a_row = 0

        async def work() -> None:
            nonlocal in_a_row
            while not summary.stopped and (question := next(queue, None)):
                try:
                    await self._ask(client, budget, question)
                    in_a_row = 0
                except EndpointError as error:
                    summary.stopped = summary.stopped or str(error)
                except ExtractionError as error:
                    failures.append(str(error))
                    in_a_row += 1
                if in_a_row == MAX_FAILURES_IN_A_ROW and not summary.stopped:
                    summary.stopped = (
                        f"{in_a_row} requests failed in a row, the last: {failures[-1]}"
                    )
                bar.update()

        bar = open_bar(self.task, "questions", len(questions))
        try:
            with bar:
                await asyncio.gather(*(work() for _ in range(settings.concurrency)))
        finally:
            summary.spent = spent + budget.spent if price else None
            await client.close()
        if failures and not summary.stopped:
            summary.stopped = f"{len(failures)} questions failed, the last: {failures[-1]}"

    async def _ask(self, client: ModelClient, budget: Budget, question: _Question) -> None:
        reply, cost = await client.buy(budget, question.messages, question.schema)
        self._summary.requests += 1
        question.read(reply.content)
        save_reply(self._db, question.key, reply, self._settings, cost)


def read_answer(content: str, kind: type[Answered], what: str) -> Answered:
    """Return what a reply says, also behind a fence or thoughts; `what` names it in the error.

    Raises:
        ExtractionError: it says nothing of the kind.
    """
    start, end = content.rfind("{"), content.rfind("}") + 1
    try:
        return kind.model_validate_json(content[start:end] if start >= 0 else content)
    except ValidationError as error:
        raise ExtractionError(f"the reply is no {what}: {content[:200]!r}") from error
