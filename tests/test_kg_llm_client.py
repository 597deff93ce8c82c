"""The client against a real HTTP server that speaks the OpenAI protocol."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from endpoint import Answer, Endpoint, complete, fail, serve
from pydantic import BaseModel, ConfigDict

from graphtune.config import ExtractConfig
from graphtune.errors import EndpointError, ExtractionError
from graphtune.kg.llm.client import ModelClient, Reply

SECRET = "sk-very-secret-key"
MESSAGES = [
    {"role": "system", "content": "Answer with JSON."},
    {"role": "user", "content": "Names?"},
]


class Names(BaseModel):
    model_config = ConfigDict(extra="forbid")

    names: list[str]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serve() as server:
        server.behave = lambda request: complete('{"names": []}')
        yield server


def ask(
    endpoint: Endpoint, times: int = 1, environ: dict[str, str] | None = None, **settings: object
) -> list[Reply]:
    given = {"base_url": endpoint.url, "model": "tiny", "retry_seconds": 0.001, **settings}
    config = ExtractConfig.model_validate(given)

    async def run() -> list[Reply]:
        client = ModelClient(config, {"OPENAI_API_KEY": SECRET} if environ is None else environ)
        try:
            return list(await asyncio.gather(*(client.ask(MESSAGES, Names) for _ in range(times))))
        finally:
            await client.close()

    return asyncio.run(run())


def list_forms(endpoint: Endpoint) -> list[str]:
    return [r.get("response_format", {}).get("type", "text") for r in endpoint.requests]


def test_a_reply_has_its_content_and_its_usage(endpoint: Endpoint) -> None:
    (reply,) = ask(endpoint, temperature=0.5, max_output_tokens=777)
    assert (reply.content, reply.prompt_tokens) == ('{"names": []}', 1000)
    assert not reply.is_truncated
    (sent,) = endpoint.requests
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("tiny", 0.5, 777)
    assert sent["messages"] == MESSAGES
    assert sent["response_format"]["json_schema"]["strict"] is True
    assert sent["response_format"]["json_schema"]["schema"] == Names.model_json_schema()
    assert endpoint.keys == [f"Bearer {SECRET}"]


def test_a_reply_without_usage_is_counted_all_the_same(endpoint: Endpoint) -> None:
    body = complete("x" * 400).body
    assert isinstance(body, dict)
    del body["usage"]
    endpoint.script = [Answer(body)]
    (reply,) = ask(endpoint)
    assert (reply.prompt_tokens, reply.completion_tokens) == (7, 100)


@pytest.mark.parametrize(
    ("refused", "forms"),
    [
        (["json_schema"], ["json_schema", "json_object", "json_object"]),
        (["json_schema", "json_object"], ["json_schema", "json_object", "text", "text"]),
    ],
)
def test_a_server_without_schemas_is_asked_in_other_ways(
    endpoint: Endpoint, refused: list[str], forms: list[str]
) -> None:
    def behave(request: dict[str, object]) -> Answer:
        form = request.get("response_format")
        if isinstance(form, dict) and form["type"] in refused:
            return fail(400, f"response_format type {form['type']} is not supported")
        return complete('{"names": []}')

    endpoint.behave = behave
    config = ExtractConfig(base_url=endpoint.url, model="tiny")

    async def run() -> None:
        client = ModelClient(config, {})
        for _ in range(2):
            assert (await client.ask(MESSAGES, Names)).content == '{"names": []}'

    asyncio.run(run())
    assert list_forms(endpoint) == forms
    first, *rest = endpoint.requests
    assert first["messages"] == MESSAGES
    for request in rest:
        assert json.dumps(Names.model_json_schema()) in request["messages"][0]["content"]
        assert request["messages"][1:] == MESSAGES[1:]


def test_the_limit_takes_the_name_that_the_server_knows(endpoint: Endpoint) -> None:
    endpoint.script = [
        fail(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    ]
    ask(endpoint, max_output_tokens=99)
    assert ["max_tokens" in r for r in endpoint.requests] == [True, False]
    assert endpoint.requests[1]["max_completion_tokens"] == 99
    assert list_forms(endpoint) == ["json_schema"] * 2


@pytest.mark.parametrize("status", [400, 404, 500])
def test_other_refusals_leave_the_form_alone(endpoint: Endpoint, status: int) -> None:
    endpoint.behave = lambda request: fail(status, "max_tokens is too large: 2000")
    with pytest.raises(ExtractionError, match="too large"):
        ask(endpoint, retries=1)
    assert set(list_forms(endpoint)) == {"json_schema"}
    assert all("max_tokens" in request for request in endpoint.requests)


def test_overload_is_retried_and_the_wait_grows(endpoint: Endpoint) -> None:
    endpoint.script = [
        fail(429),
        fail(503),
        fail(500),
        Answer(drop=0),
        Answer(drop=9, body="x" * 99),
    ]
    ask(endpoint, retry_seconds=0.02)
    assert len(endpoint.requests) == 6
    gaps = [b - a for a, b in zip(endpoint.times, endpoint.times[1:], strict=False)]
    assert all(gap >= 0.01 * 2**i for i, gap in enumerate(gaps))


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_holds_all_requests_back(endpoint: Endpoint, as_date: bool) -> None:
    # A date has whole seconds: two from now are more than one away.
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    endpoint.script = [fail(429, headers={"Retry-After": date if as_date else "1"})]
    start = time.monotonic()
    ask(endpoint)
    assert endpoint.times[1] - start > 0.9


def test_a_pause_that_is_too_long_ends_the_run(endpoint: Endpoint) -> None:
    endpoint.behave = lambda request: fail(429, headers={"Retry-After": "7200"})
    with pytest.raises(EndpointError, match="wait 7200 s"):
        ask(endpoint)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", [429, 500])
def test_lasting_overload_fails_this_request_only(endpoint: Endpoint, status: int) -> None:
    endpoint.behave = lambda request: fail(status)
    with pytest.raises(ExtractionError) as caught:
        ask(endpoint, retries=2)
    assert not isinstance(caught.value, EndpointError)
    assert len(endpoint.requests) == 3


@pytest.mark.parametrize(
    ("status", "details", "words"),
    [
        (401, {}, "refuses the key in .OPENAI_API_KEY"),
        (403, {}, "refuses the key"),
        (404, {"code": "model_not_found"}, "Correct model or base_url"),
        (400, {"param": "temperature"}, "does not accept 'temperature'"),
        (429, {"code": "insufficient_quota"}, "quota"),
    ],
)
def test_a_useless_endpoint_says_so_without_the_key(
    endpoint: Endpoint, status: int, details: dict[str, str], words: str
) -> None:
    endpoint.behave = lambda request: fail(status, f"Incorrect API key: {SECRET}", **details)
    with pytest.raises(EndpointError, match=words) as caught:
        ask(endpoint)
    assert SECRET not in str(caught.value)
    assert endpoint.url in str(caught.value)
    assert "'tiny'" in str(caught.value)


def test_a_passage_that_is_too_long_fails_alone(endpoint: Endpoint) -> None:
    endpoint.script = [
        fail(400, "too many tokens", code="context_length_exceeded", param="messages")
    ]
    with pytest.raises(ExtractionError, match="too many tokens") as caught:
        ask(endpoint)
    assert not isinstance(caught.value, EndpointError)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (complete(None), "empty reply"),
        (complete(None, refusal="I would rather not."), "rather not"),
        (complete("", finish="length"), "max_output_tokens = 2000"),
        (Answer("<html>Welcome to nginx</html>"), "no chat completion: '<html>"),
        (Answer({"hello": 1}), "no chat completion"),
        (Answer({"choices": []}), "no chat completion"),
        (Answer({"error": {"message": "upstream " + SECRET}}), r"failed: 'upstream \*\*\*'"),
        (Answer("[" * 100_000), "no chat completion"),
        (Answer(b'{"choices": [\xff\xfe'), "no chat completion"),
        (Answer("x" * 10_000_000), "more than 4,000,000 bytes"),
    ],
)
def test_a_useless_reply_fails_this_request_only(
    endpoint: Endpoint, answer: Answer, words: str
) -> None:
    endpoint.script = [answer]
    with pytest.raises(ExtractionError, match=words) as caught:
        ask(endpoint)
    assert not isinstance(caught.value, EndpointError)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()
    assert SECRET not in str(caught.value)
    assert len(endpoint.requests) == 1


def test_a_hanging_server_times_out_and_is_tried_once_more(endpoint: Endpoint) -> None:
    endpoint.behave = lambda request: Answer(delay=0.6)
    with pytest.raises(ExtractionError, match=r"within 0\.2 s") as caught:
        ask(endpoint, timeout=0.2)
    assert not isinstance(caught.value, EndpointError)
    assert len(endpoint.requests) == 2


def test_an_unreachable_server_is_an_endpoint_error() -> None:
    config = ExtractConfig(base_url="http://user:pw@127.0.0.1:9/v1", model="tiny", retries=0)
    place = r"http://127\.0\.0\.1:9/v1.*cannot be reached"
    with pytest.raises(EndpointError, match=place) as caught:
        asyncio.run(ModelClient(config, {}).ask(MESSAGES, Names))
    assert "pw" not in str(caught.value)


def test_a_missing_key_matters_only_at_openai(endpoint: Endpoint) -> None:
    assert ask(endpoint, environ={})
    with pytest.raises(EndpointError, match="MY_KEY is not set"):
        ModelClient(ExtractConfig(api_key_env="MY_KEY"), {})
    with pytest.raises(EndpointError, match="OPENAI_API_KEY"):
        ModelClient(ExtractConfig(), {"OPENAI_API_KEY": "pаsted"})


def test_base_url_and_key_come_from_the_environment(endpoint: Endpoint) -> None:
    environ = {"OPENAI_BASE_URL": endpoint.url, "OTHER": f" {SECRET}\n"}
    ask(endpoint, environ=environ, base_url=None, api_key_env="OTHER")
    assert endpoint.keys == [f"Bearer {SECRET}"]


@pytest.mark.parametrize(
    "url",
    ["localhost:8080/v1", "http://[bad", "http://me:secret@host:port/v1", "http://h:99999/v1"],
)
def test_an_address_from_the_environment_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(EndpointError, match="OPENAI_BASE_URL") as caught:
        ModelClient(ExtractConfig(), {"OPENAI_BASE_URL": url})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("lead", range(150, 200, 7))
def test_a_key_that_a_cut_would_split_is_hidden(endpoint: Endpoint, lead: int) -> None:
    for body in (f"{'x' * lead}{SECRET}", {"error": {"message": f"{'x' * lead}{SECRET}"}}):
        endpoint.script = [Answer(body)]
        with pytest.raises(ExtractionError) as caught:
            ask(endpoint, retries=0)
        assert SECRET[:6] not in str(caught.value)
    endpoint.script = [complete(None, refusal=f"{'x' * lead}{SECRET}")]
    with pytest.raises(ExtractionError) as caught:
        ask(endpoint, retries=0)
    assert SECRET[:6] not in str(caught.value)


def test_requests_keep_to_the_rate(endpoint: Endpoint) -> None:
    ask(endpoint, times=5, requests_per_minute=600)
    assert endpoint.times[-1] - endpoint.times[0] > 0.35


def test_tokens_keep_to_the_rate_replies_included(endpoint: Endpoint) -> None:
    # 7 tokens are announced and 1,003 charged each time.
    config = ExtractConfig(base_url=endpoint.url, model="tiny", tokens_per_minute=90_000)

    async def run() -> None:
        client = ModelClient(config, {})
        for _ in range(20):
            await client.ask(MESSAGES, Names)

    asyncio.run(run())
    # 20,000 tokens at 1,500 a second, 15,000 of them at once.
    assert endpoint.times[-1] - endpoint.times[0] > 2
