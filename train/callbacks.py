"""The trainer's callback: progress with loss, rate and time left, evaluation, early stopping, logs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tqdm import tqdm
from transformers import TrainerCallback

from graphtune.processes import count_processes, is_main_process
from graphtune.train.records import DENSITY, EVALUATION_SECONDS, SECONDS, read_seconds

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from graphtune.train.selection import CheckpointKeeper


class _Course(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Follows a run. Where several processes train, the main one scores and shows, all stop together.

    `spent` and `judged` are the seconds of training and of evaluation in what an interrupted run left.
    """

    def __init__(
        self,
        trainer: SentenceTransformerTrainer,
        keeper: CheckpointKeeper,
        eval_steps: int,
        read_density: Callable[[], float | None],
    ) -> None:
        self.trainer, self.keeper = trainer, keeper
        self.eval_steps, self.read_density = eval_steps, read_density
        self.bar: tqdm[Any] | None = None
        self.spent = self.judged = self.start = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.per_step = args.train_batch_size * args.world_size
        self.spent, self.judged = read_seconds(state.log_history)
        self.start = perf_counter()
        if not is_main_process():
            return
        self.bar = tqdm(
            desc="training",
            unit=" pairs",
            total=state.max_steps * self.per_step,
            initial=state.global_step * self.per_step,
            file=sys.stderr,
            mininterval=0.2 if sys.stderr.isatty() else 15.0,
            dynamic_ncols=True,
            bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}, {rate_fmt}{postfix}]",
        )
        if not self.keeper.scores:
            self._evaluate(kwargs["model"], state.global_step)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.bar is not None:
            self.bar.update(self.per_step)
        if control.should_training_stop or state.global_step % self.eval_steps == 0:
            is_over = is_main_process() and self._evaluate(kwargs["model"], state.global_step)
            control.should_training_stop |= _tell_all(is_over)
        # A checkpoint holds the whole log, and none is made where a run ends: to go on from it would
        # take a step too many.
        control.should_log |= control.should_save or control.should_training_stop
        control.should_save &= not control.should_training_stop

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if self.bar is None or not logs or "loss" not in logs:
            return
        ours = {SECONDS: self.spent + perf_counter() - self.start, EVALUATION_SECONDS: self.judged}
        ours["pairs_per_second"] = state.global_step * self.per_step / ours[SECONDS]
        density = self.read_density()
        if density is not None:
            ours[DENSITY] = density
        self.trainer.log(ours)
        left = (state.max_steps - state.global_step) * ours[SECONDS] / state.global_step
        evaluations = state.max_steps // self.eval_steps - state.global_step // self.eval_steps
        left += evaluations * self.judged / max(1, len(self.keeper.scores))
        self.bar.set_postfix_str(
            f"loss {float(logs['loss']):.3f}, rate {float(logs['learning_rate']):.1e}, "
            f"{tqdm.format_interval(left)} left",
            refresh=False,
        )

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if is_main_process():
            self.keeper.hold()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.bar is not None:
            self.bar.close()

    def _evaluate(self, encoder: SentenceTransformer, step: int) -> bool:
        """Score the encoder and log its figures; the clocks of training and of the bar stand still."""
        if self.bar is None or self.keeper.score is None:
            return False
        begin = perf_counter()
        is_over = self.keeper.record(encoder, step)
        ndcg = self.keeper.scores[-1].ndcg
        figures = ", ".join(f"{dim}: {value:.3f}" for dim, value in ndcg.items())
        tqdm.write(f"step {step}: dev NDCG@10 {figures}", file=sys.stderr)
        self.trainer.log({f"eval_ndcg@10_{dim}": value for dim, value in ndcg.items()})
        took = perf_counter() - begin
        self.judged += took
        self.start += took
        self.bar.start_t += took
        self.bar.last_print_t += took
        return is_over


def _tell_all(decision: bool) -> bool:
    """Return the main process's decision in all of them."""
    if count_processes() == 1:
        return decision
    from accelerate.utils import broadcast_object_list

    held: list[bool] = broadcast_object_list([decision], from_process=0)
    return held[0]


def make_callback(
    trainer: SentenceTransformerTrainer,
    keeper: CheckpointKeeper,
    eval_steps: int,
    read_density: Callable[[], float | None] = lambda: None,
) -> TrainerCallback:
    """Return a callback that shows progress and lets `keeper` judge every `eval_steps` steps, and at last.

    Its figures (`eval_ndcg@10_DIM`, `mask_density`, `pairs_per_second`) go to the trainer's log, and so
    to wherever the trainer reports. `read_density` gives the mask's density since it was last asked.
    """
    return _Course(trainer, keeper, eval_steps, read_density)
