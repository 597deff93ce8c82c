"""What a build did, as data for people and programs."""

from dataclasses import dataclass, field

#: Files of these statuses are in the graph; all others failed.
STATUSES_WITH_TEXT = ("ok", "degraded")


@dataclass
class BuildSummary:
    """What a build did.

    `statuses` counts files and pages by status, over all files that the build was given; `failed` and
    `degraded` hold (path, status, message); `seconds` is wall time a step. `requests` counts replies of
    the model and `spent` the dollars for them (None: unknown); `stopped` says why extraction ended early.
    """

    extractor: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    pages_read: int = 0
    statuses: dict[str, dict[str, int]] = field(default_factory=dict)
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    degraded: list[tuple[str, str, str]] = field(default_factory=list)
    extracted_chunks: int = 0
    failed_chunks: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    pending_chunks: int = 0
    rejected_records: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    spent: float | None = 0.0
    stopped: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def did_nothing(self) -> bool:
        """Whether the store was up to date already."""
        return not (
            self.added
            or self.changed
            or self.removed
            or self.extracted_chunks
            or self.left_out
            or self.stopped
        )
