"""An endpoint of our own that speaks the OpenAI protocol over real HTTP, sound or with faults."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]
_PASSAGE = re.compile(r'<passage number="(\d+)"[^\n]*>\n(.*?)\n</passage>', re.DOTALL)
_PHRASE = re.compile(r"\b[a-z]{4,} [a-z]{4,}(?= )")


@dataclass
class Answer:
    """What comes back for one request; `drop` closes the connection after so many bytes of the body."""

    body: str | bytes | dict[str, Any] = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: int | None = None


def complete(content: str | None, finish: str = "stop", **message: Any) -> Answer:
    """Make a completion; `usage` is what the content's length makes of it."""
    choice = {"index": 0, "finish_reason": finish}
    choice["message"] = {"role": "assistant", "content": content, **message}
    usage = {"prompt_tokens": 1000, "completion_tokens": len(content or "") // 4, "total_tokens": 0}
    return Answer({"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage})


def fail(
    status: int, message: str = "no", headers: dict[str, str] | None = None, **details: Any
) -> Answer:
    """Make an error as OpenAI words it."""
    return Answer({"error": {"message": message, "type": "x", **details}}, status, headers or {})


def list_passages(request: Request) -> list[tuple[int, str]]:
    """Return the numbers and texts of the passages that a request asks about."""
    users = [m["content"] for m in request["messages"] if m["role"] == "user"]
    return [(int(number), text) for number, text in _PASSAGE.findall(users[0])]


def answer_passages(request: Request) -> str:
    """Return the reply of a model that names the first phrase of each passage."""
    return json.dumps({"passages": [describe_passage(*item) for item in list_passages(request)]})


def describe_passage(number: int, text: str) -> dict[str, Any]:
    """Return one entry of such a reply."""
    phrases = _PHRASE.findall(text)[:1]
    kind = {"type": "object", "role": "mentions", "description": "", "aliases": []}
    concepts = [{"name": phrase, **kind, "quote": phrase} for phrase in phrases]
    return {"passage": number, "wrong": [], "concepts": concepts, "relations": []}


def be_healthy(request: Request) -> Answer:
    """Answer as a good server with a good model does."""
    return complete(answer_passages(request))


class Endpoint:
    """A server on loopback: `script` holds the next answers, then `behave` gives them.

    `requests` are the bodies received, in order, `keys` their Authorization headers, `times` when.
    """

    def __init__(self) -> None:
        self.behave: Callable[[Request], Answer] = be_healthy
        self.script: list[Answer] = []
        self.requests: list[Request] = []
        self.keys: list[str] = []
        self.times: list[float] = []
        self.busiest = 0
        self._busy = 0
        self._lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = endpoint.take(body, self.headers["Authorization"] or "")
                try:
                    send(self, answer)
                except OSError:
                    self.close_connection = True  # the client is gone
                finally:
                    endpoint.leave()

            def log_message(self, *args: Any) -> None:
                pass

        return Handler

    def take(self, request: Request, key: str) -> Answer:
        with self._lock:
            self.requests.append(request)
            self.keys.append(key)
            self.times.append(time.monotonic())
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            return self.script.pop(0) if self.script else self.behave(request)

    def leave(self) -> None:
        with self._lock:
            self._busy -= 1


def send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    time.sleep(answer.delay)
    body = answer.body
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else b""
    if isinstance(body, dict):
        data = json.dumps(body).encode()
    if answer.drop is not None:
        handler.close_connection = True
        if not answer.drop:
            return
    handler.send_response(answer.status)
    kind = "application/json" if isinstance(body, dict) else "text/html"
    for name, value in {"Content-Type": kind, **answer.headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[: answer.drop])


@contextmanager
def serve() -> Iterator[Endpoint]:
    """Run an endpoint on a free port."""
    endpoint = Endpoint()
    threading.Thread(target=endpoint.server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield endpoint
    finally:
        endpoint.server.shutdown()
        endpoint.server.server_close()
