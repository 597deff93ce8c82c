"""The choice of an extractor, and extraction by rule."""

from typing import Literal

from graphtune.config import ExtractConfig
from graphtune.kg.findings import pending_chunks, save_extractions
from graphtune.kg.rules.extractor import RulesExtractor
from graphtune.kg.store import GraphStore
from graphtune.kg.summary import BuildSummary
from graphtune.progress import track

#: Chunks that are stored in one transaction.
_PORTION = 256


def choose_extractor(config: ExtractConfig) -> Literal["rules", "llm", "hybrid"]:
    """Return the extractor that the settings ask for; `auto` is `hybrid` where they name an endpoint.

    A key in the environment is no wish: it may be there for other programs, and requests cost money.

    >>> local = "http://127.0.0.1:8080/v1"
    >>> choose_extractor(ExtractConfig()), choose_extractor(ExtractConfig(base_url=local))
    ('rules', 'hybrid')
    """
    if config.extractor != "auto":
        return config.extractor
    return "hybrid" if config.base_url else "rules"


def extract_by_rules(store: GraphStore, summary: BuildSummary) -> None:
    """Store what the rules find in all chunks that they, or this version of them, have not seen."""
    rules = RulesExtractor()
    pending = pending_chunks(store.db, "rules", rules.version)
    portions = [pending[start : start + _PORTION] for start in range(0, len(pending), _PORTION)]
    for portion in track(portions, "extracting concepts (rules)", "portions of chunks"):
        found = [(chunk, rules.extract(title, chunk)) for title, chunk in portion]
        save_extractions(store.db, "rules", rules.version, found)
        summary.extracted_chunks += len(found)
