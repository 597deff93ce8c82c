"""The errors that graphtune raises on purpose.

Every message gives the value at fault, what is allowed, and what to do. Anything else that
escapes is a bug.
"""

from graphtune.records import Status


class GraphtuneError(Exception):
    """Base of all errors that a user can act on."""


class ConfigError(GraphtuneError):
    """A setting or an argument is missing, unknown or out of range."""


class WorkspaceError(GraphtuneError):
    """The workspace is missing, locked, corrupt or of another version."""


class DocumentError(GraphtuneError):
    """A paper cannot be read; `status` says in one word why (see `graphtune.records.Status`)."""

    def __init__(self, message: str, status: Status = "error") -> None:
        super().__init__(message)
        self.status = status


class ExtractionError(GraphtuneError):
    """The LLM endpoint refused, could not be reached, or answered with something unusable."""


class EmptyReplyError(ExtractionError):
    """A reply of the LLM that is charged for, by these tokens, and holds no answer."""

    def __init__(self, message: str, prompt_tokens: int, completion_tokens: int) -> None:
        super().__init__(message)
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens


class EndpointError(ExtractionError):
    """The LLM endpoint as a whole is unusable (unreachable, bad key): trying the next chunk is useless."""


class ModelError(GraphtuneError):
    """An encoder or tokenizer cannot be loaded or does not fit the data."""


class DataError(GraphtuneError):
    """Pairs, a graph file or a BEIR folder are missing or malformed."""
