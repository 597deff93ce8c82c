"""Progress of a stage: steps, loss and time left, as the bars of graphtune show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from graphtune.progress import open_bar

if TYPE_CHECKING:
    from tqdm import tqdm


class StepBar(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """A bar that begins with the first step and says the last loss."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.bar: tqdm[Any] | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Open the bar."""
        self.bar = open_bar(self.label, "steps", state.max_steps)

    def on_step_end(self, *arguments: Any, **kwargs: Any) -> None:
        """Move it."""
        if self.bar is not None:
            self.bar.update()

    def on_log(self, *arguments: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        """Say the loss."""
        if self.bar is not None and logs and "loss" in logs:
            self.bar.set_postfix_str(f"loss {float(logs['loss']):.3f}", refresh=False)

    def on_train_end(self, *arguments: Any, **kwargs: Any) -> None:
        """Close it."""
        if self.bar is not None:
            self.bar.close()
