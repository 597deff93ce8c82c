"""Batches planned for the whole run before it starts: who is drawn when, and beside whom.

Pairs are drawn in proportion to their weights by stratified sampling: the k-th draw of a pair with
weight w falls at a random time of [k - 1, k) / w, and draws are taken in order of time. So no pair is
drawn twice before another of the same weight is drawn once, and with equal weights a unit of time is one
pass over all pairs.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from graphtune.records import Pair
from graphtune.tuning_config import TrainConfig

#: From a row to what no other row of its batch may have.
_Keys = Callable[[int], set[Hashable]]
#: Batches that are put together at a time: in this window draws may change places.
_WINDOW = 256
#: Batches' worth of draws of like length, among which papers stand together.
_BAND = 16
#: Tokens; lengths that differ by less count as equal.
_STEP = 8


def plan_batches(
    pairs: Sequence[Pair],
    lengths: Sequence[int],
    config: TrainConfig,
    seed: int,
    processes: int = 1,
) -> list[list[int]]:
    """Return the rows of each batch of a run, all of them full.

    In a batch no two rows share an anchor or a positive text, nor, without neighbourhoods, a concept or
    chunk, as far as the draws allow it. In neighbourhoods with the graph mask, which knows such rows to be
    no conflict, they may: what stands twice is encoded once. Rows for which there is no place wait for
    later batches.

    Args:
        pairs: at least as many with a weight above 0 as a batch holds.
        lengths: tokens of each pair's positive.
        config: batch size, steps or epochs, and what a batch should have in common.
        seed: the same seed gives the same plan.
        processes: each step takes one batch a process, one after the other in the plan.
    """
    weights = np.array([pair.weight for pair in pairs], dtype=np.float64)
    n_pairs, size = int((weights > 0).sum()), config.batch_size
    steps = config.max_steps or -(-config.epochs * n_pairs // (size * processes))
    n_batches = steps * processes
    generator = np.random.default_rng(seed)
    draws = draw_rows(weights, n_batches * size, generator)
    window = _WINDOW * processes * size
    keys = _choose_keys(pairs, config)
    plan: list[list[int]] = []
    waiting: list[int] = []
    for start in range(0, len(draws), window):
        rows = [*waiting, *draws[start : start + window].tolist()]
        rows = _order_rows(rows, pairs, lengths, config, generator)
        is_last = start + window >= len(draws)
        batches, waiting = _form_batches(rows, pairs, size, keys, is_last)
        plan += [batches[i] for i in generator.permutation(len(batches))]
    return plan


def draw_rows(
    weights: NDArray[np.float64], n_draws: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return rows in the order drawn, each about `n_draws * weight / sum(weights)` times.

    >>> generator = np.random.default_rng(0)
    >>> np.bincount(draw_rows(np.array([1.0, 2.0, 0.0, 1.0]), 8, generator)).tolist()
    [2, 4, 0, 2]
    """
    rates = weights * (n_draws / weights.sum())
    repeats = np.ceil(rates).astype(np.int64) + (rates > 0)
    rows = np.repeat(np.arange(len(weights)), repeats)
    turns = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    times = (turns + generator.random(len(rows))) / rates[rows]
    drawn: NDArray[np.int64] = rows[np.argsort(times, kind="stable")[:n_draws]]
    return drawn


def _order_rows(
    rows: Sequence[int],
    pairs: Sequence[Pair],
    lengths: Sequence[int],
    config: TrainConfig,
    generator: np.random.Generator,
) -> list[int]:
    """Put rows in random order, those of like length together, and among them those of the same paper."""
    order = generator.permutation(np.asarray(rows, dtype=np.int64))
    bands, places = np.zeros(len(order)), np.zeros(len(order))
    if config.length_buckets:
        size = config.batch_size * (_BAND if config.neighbourhoods else 1)
        steps = np.array([lengths[row] // _STEP for row in order])
        bands[np.argsort(steps, kind="stable")] = np.arange(len(order)) // size
    if config.neighbourhoods:
        papers = [pairs[row].document_id for row in order]
        shuffled = generator.permutation(sorted(set(papers))).tolist()
        place = {paper: number for number, paper in enumerate(shuffled)}
        places = np.array([place[paper] for paper in papers])
    return [int(row) for row in order[np.lexsort((places, bands))]]


def _form_batches(
    rows: Sequence[int], pairs: Sequence[Pair], size: int, list_keys: Sequence[_Keys], is_last: bool
) -> tuple[list[list[int]], list[int]]:
    """Return full batches and the rows that wait; in the last window as few as do not fill a batch.

    `list_keys` say what no two rows of a batch may share: the second, if any, holds for those that the
    first leaves over.
    """
    batches: list[list[int]] = []
    waiting = list(rows)
    for list_them in list_keys:
        more, waiting = fill_batches(((row, list_them(row)) for row in waiting), size)
        batches += more
    if is_last:
        last, waiting = fill_batches(((row, set()) for row in waiting), size)
        for batch in last:
            _swap_conflicts(batch, batches, list_keys[-1])
        batches += last
    return batches, waiting


def _choose_keys(pairs: Sequence[Pair], config: TrainConfig) -> tuple[_Keys, ...]:
    """Return what no two rows of a batch may share, in the order in which it is given up."""

    def list_row(row: int) -> set[Hashable]:
        return {row}

    def list_texts(row: int) -> set[Hashable]:
        return {("anchor", pairs[row].anchor), ("positive", pairs[row].positive)}

    def list_all(row: int) -> set[Hashable]:
        known = {("concept", pairs[row].concept_id), ("chunk", pairs[row].chunk_id)}
        return list_texts(row) | {key for key in known if key[1]}

    if not config.neighbourhoods:
        return list_all, list_texts
    return (list_row if config.graph_mask else list_texts,)


def _swap_conflicts(batch: list[int], others: Sequence[list[int]], list_keys: _Keys) -> None:
    """Swap rows that share a key with another of their batch for rows of other batches, where one fits."""

    def collect_rest(target: list[int], place: int) -> set[Hashable]:
        return set().union(*(list_keys(row) for i, row in enumerate(target) if i != place))

    for place, row in enumerate(batch):
        keys, rest = list_keys(row), collect_rest(batch, place)
        if rest.isdisjoint(keys):
            continue
        found = next(
            (
                (other, i)
                for other in others
                for i, candidate in enumerate(other)
                if rest.isdisjoint(list_keys(candidate)) and collect_rest(other, i).isdisjoint(keys)
            ),
            None,
        )
        if found is None:  # then there is hardly a place for the next one
            return
        other, i = found
        batch[place], other[i] = other[i], row


def fill_batches(
    rows: Iterable[tuple[int, set[Hashable]]], size: int
) -> tuple[list[list[int]], list[int]]:
    """Put each row into the first batch that has room and shares no key with it.

    Returns:
        The full batches, in the order in which they were filled, and the rows of the others.

    >>> fill_batches([(0, {"a"}), (1, {"a"}), (2, {"b"}), (3, {"c"}), (4, {"d"})], 2)
    ([[0, 2], [1, 3]], [4])
    """
    full: list[list[int]] = []
    open_batches: list[tuple[list[int], set[Hashable]]] = []
    for row, keys in rows:
        for place, (batch, taken) in enumerate(open_batches):
            if taken.isdisjoint(keys):
                batch.append(row)
                taken |= keys
                if len(batch) == size:
                    full.append(batch)
                    del open_batches[place]
                break
        else:
            open_batches.append(([row], set(keys)))
    return full, [row for batch, _ in open_batches for row in batch]
