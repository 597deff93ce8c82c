"""The one protocol behind which extractors stand, and the choice between them."""

from collections.abc import Mapping
from typing import Protocol

from graphtune.config import ExtractConfig
from graphtune.records import Chunk, Extraction


class Extractor(Protocol):
    """Finds concepts and relations in one chunk, with evidence.

    `version` changes whenever the extractor would answer differently: chunks that an older version
    answered are asked again.
    """

    @property
    def name(self) -> str:
        """Short name, stored with every finding."""

    @property
    def version(self) -> str:
        """Fingerprint of rules, or of model, prompt and settings."""

    def extract(self, document_title: str, chunk: Chunk) -> Extraction:
        """Return what the chunk says.

        Raises:
            ExtractionError: this chunk failed; the next may do.
            EndpointError: no chunk will do.
        """


def choose_extractor(config: ExtractConfig, environ: Mapping[str, str]) -> Extractor:
    """Return the extractor that the settings ask for; `auto` is `llm` where an endpoint is set."""
    endpoint = config.base_url or environ.get("OPENAI_BASE_URL") or environ.get(config.api_key_env)
    if config.extractor == "llm" or (config.extractor == "auto" and endpoint):
        from graphtune.kg.llm.extractor import LlmExtractor

        return LlmExtractor(config)
    from graphtune.kg.rules.extractor import RulesExtractor

    return RulesExtractor()
