"""The trainer's callback: a progress bar with loss and rate, evaluation, and early stopping."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tqdm import tqdm
from transformers import TrainerCallback

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from graphtune.train.selection import CheckpointKeeper


class _ProgressAndSelection(TrainerCallback):  # type: ignore[misc, unused-ignore]
    def __init__(self, keeper: CheckpointKeeper, eval_steps: int, batch_size: int) -> None:
        self.keeper, self.eval_steps, self.batch_size = keeper, eval_steps, batch_size
        self.bar: tqdm[Any] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.bar = tqdm(
            desc="training",
            unit=" pairs",
            total=state.max_steps * self.batch_size,
            initial=state.global_step * self.batch_size,
            file=sys.stderr,
            mininterval=0.2 if sys.stderr.isatty() else 15.0,
            dynamic_ncols=True,
        )

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.bar is not None:
            self.bar.update(self.batch_size)
        if self.keeper.scores and state.global_step % self.eval_steps == 0:
            model = kwargs["model"]
            control.should_training_stop |= self.keeper.record(model, state.global_step)
            model.train()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if self.bar is not None and logs and "loss" in logs:
            self.bar.set_postfix({"loss": f"{float(logs['loss']):.3f}"}, refresh=False)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.bar is not None:
            self.bar.close()


def make_callback(keeper: CheckpointKeeper, eval_steps: int, batch_size: int) -> TrainerCallback:
    """Return a callback that shows progress and lets `keeper` judge every `eval_steps` steps."""
    return _ProgressAndSelection(keeper, eval_steps, batch_size)
