"""What OpenAI-compatible servers differ in: how a schema is asked for, how the token limit is called."""

import json
import re
from typing import Any, NamedTuple

from pydantic import BaseModel

#: Ways to ask for JSON, the surest first; in the last the prompt alone asks for it.
FORMS = ("json_schema", "json_object", "text")
_LIMITS = ("max_tokens", "max_completion_tokens")
_ABOUT_FORM = re.compile(
    r"response.?format|json.?(schema|object|mode)|structured.?output|guided|grammar|strict",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"unsupported|not supported|not permitted|not allowed|un(known|recognized|expected)|extra|instead",
    re.IGNORECASE,
)


class Dialect(NamedTuple):
    """A place on the ladder: index into `FORMS`, how often the limit was renamed, its name now."""

    form: int = 0
    renamed: int = 0
    limit: str = "max_tokens"


def adapt_dialect(dialect: Dialect, error: Exception) -> Dialect | None:
    """Return what to try next where a server refused a part of the request, else None.

    Only refusals (400, 422) that speak of that part count: any other error has other causes.
    """
    from openai import BadRequestError, UnprocessableEntityError

    if not isinstance(error, BadRequestError | UnprocessableEntityError):
        return None
    text = f"{error.param or ''} {error.message}"
    if not dialect.renamed and dialect.limit in text and _UNKNOWN.search(text):
        other = _LIMITS[1 - _LIMITS.index(dialect.limit)]
        return dialect._replace(renamed=1, limit=other)
    if dialect.form + 1 < len(FORMS) and _ABOUT_FORM.search(text):
        return dialect._replace(form=dialect.form + 1)
    return None


def describe_schema(
    dialect: Dialect, messages: list[dict[str, str]], schema: type[BaseModel]
) -> dict[str, Any]:
    r"""Return the fields of a request that ask for a reply of this schema.

    >>> class Reply(BaseModel):
    ...     names: list[str]
    >>> describe_schema(Dialect(), [], Reply)["response_format"]["json_schema"]["strict"]
    True
    >>> fields = describe_schema(Dialect(1), [{"role": "system", "content": "List names."}], Reply)
    >>> fields["response_format"], fields["messages"][0]["content"][:33]
    ({'type': 'json_object'}, 'List names.\n\nAnswer with one JSON ')
    """
    content = schema.model_json_schema()
    if FORMS[dialect.form] == "json_schema":
        described = {"name": "concept_graph", "strict": True, "schema": content}
        return {"response_format": {"type": "json_schema", "json_schema": described}}
    # It goes to the end of the first message, which stays the same for all requests of a run.
    wanted = f"\n\nAnswer with one JSON object of this schema:\n{json.dumps(content)}"
    first = {**messages[0], "content": messages[0]["content"] + wanted}
    fields: dict[str, Any] = {"messages": [first, *messages[1:]]}
    if FORMS[dialect.form] == "json_object":
        fields["response_format"] = {"type": "json_object"}
    return fields
