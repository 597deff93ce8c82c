"""The task `rerank`: a cross-encoder that says whether a passage answers a query.

Two labels, as on the card of ALBERT for Math AR: one right answer, and a wrong one on the same topic: the
answer to another question with the same tag, or a passage about a sibling concept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from scipy.stats import binomtest

from graphtune.encoder import load_encoder
from graphtune.errors import DataError
from graphtune.pairs import read_pairs
from graphtune.pairs.negatives import add_negatives
from graphtune.records import Pair
from graphtune.train.stages.fitting import Figures, Work, label_examples
from graphtune.train.stages.settings import RerankStage
from graphtune.train.stages.sources import Row, hash_text, read_workspace
from graphtune.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

LABELS = ("non relevant", "relevant")


class Triple(NamedTuple):
    """A query, a passage that answers it, and one that does not; `unit` is what is held out as a whole."""

    query: str
    right: str
    wrong: str
    unit: str


def check_rows(rows: Sequence[Row]) -> None:
    """Refuse rows without texts in `query` and `positive`, or with something else in `negative` or `tags`.

    Raises:
        DataError: one is such.
    """
    for row in rows:
        for name in ("query", "positive", "negative"):
            value = row.values.get(name, "" if name == "negative" else None)
            if not isinstance(value, str) or (name != "negative" and not value.strip()):
                raise DataError(f"{row.place}: no text in {name!r}; it has {', '.join(row.values)}")
        tags = row.values.get("tags", [])
        if not isinstance(tags, list):
            raise DataError(f"{row.place}: `tags` is {tags!r}, and has to be a list")


def read_triples(rows: Sequence[Row], seed: int) -> list[Triple]:
    """Read rows with `query` and `positive`, and `negative` or `tags`, which give the wrong answer.

    Wrong answers come from these rows alone: hold out before.

    Raises:
        DataError: a row lacks a text, or has neither a negative nor a tag that another row shares.
    """
    check_rows(rows)
    tagged: defaultdict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        for tag in row.values.get("tags", []):
            tagged[str(tag)].append(number)
    found = []
    for number, row in enumerate(rows):
        wrong = row.values.get("negative") or _draw_wrong(rows, number, tagged, seed)
        query, right = row.values["query"], row.values["positive"]
        found.append(Triple(query, right, wrong, hash_text(query)))
    return found


def _draw_wrong(rows: Sequence[Row], number: int, tagged: dict[str, list[int]], seed: int) -> str:
    """Draw the answer to another question with a tag of this one."""
    own = rows[number].values
    draw = Random(f"{seed} {number}")
    for tag in draw.sample(own.get("tags", []), len(own.get("tags", []))):
        others = tagged[str(tag)]
        start = draw.randrange(len(others))
        for other in (*others[start:], *others[:start]):
            answer: str = rows[other].values["positive"]
            if rows[other].values["query"] != own["query"] and answer != own["positive"]:
                return answer
    raise DataError(
        f"{rows[number].place}: no `negative`, and no other question on this side of the split shares one "
        f"of its tags ({', '.join(map(str, own.get('tags', []))) or 'none'})"
    )


def read_graph_triples(workspace: Path, negatives: Literal["graph", "mined"]) -> list[Triple]:
    """Return the pairs of a workspace that get a hard negative; their paper is their place.

    Args:
        workspace: whose pairs, of its own recipe, are read.
        negatives: `graph` for passages of sibling concepts, `mined` for those that the base ranks high.

    Raises:
        DataError: there are no pairs.
    """
    opened = open_workspace(workspace)
    pairs = read_hard_pairs(opened, negatives)
    return [
        Triple(pair.anchor, pair.positive, pair.negative, pair.document_id)
        for pair in pairs
        if pair.negative
    ]


def read_hard_pairs(workspace: Workspace, negatives: Literal["graph", "mined"]) -> list[Pair]:
    """Return a workspace's pairs, each with a hard negative where one is found; see `add_negatives`.

    Raises:
        DataError: there are no pairs.
    """
    graph, split = read_workspace(workspace.root)
    pairs, _ = read_pairs(workspace.pairs, workspace.config.pairs.recipe)
    settings = workspace.config.pairs.model_copy(update={"negatives": negatives})
    encoder = load_encoder(workspace.config.base) if negatives == "mined" else None
    add_negatives(graph, split, pairs, settings, encoder)
    return pairs


def prepare_reranking(
    stage: RerankStage,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    train: Sequence[Triple],
    held_out: Sequence[Triple],
    test: Sequence[Triple] = (),
) -> Work:
    """Make a stage of reranking ready; the model has a head of two labels. `test` is measured too."""
    from transformers import DataCollatorWithPadding

    def encode(triples: Sequence[Triple]) -> list[dict[str, Any]]:
        asked = [(t.query, text) for t in triples for text in (t.right, t.wrong)]
        encoded = tokenizer(
            [query for query, _ in asked],
            [text for _, text in asked],
            truncation="longest_first",
            max_length=stage.fit.max_length,
            return_token_type_ids=True,
        )
        return label_examples(encoded, (1 - row % 2 for row in range(len(asked))))

    return Work(
        model,
        tokenizer,
        encode(train),
        encode(held_out),
        DataCollatorWithPadding(tokenizer),
        ("labels",),
        lambda found: score_triples(np.asarray(found.predictions)),
        baselines={"words in common": score_triples(_count_common(held_out))},
        details={
            "labels": list(LABELS),
            "triples": len(train),
            "held_out": hash_text(repr(sorted(held_out))),
        },
        tests={"test": encode(test)} if test else {},
    )


def score_triples(logits: Any) -> Figures:
    """Return accuracy, loss, and the share of triples with the right passage above the wrong one, ties half.

    Beside the share stands its 95 % interval (Wilson's).

    Args:
        logits: shape (2n, 2), rows in turn of a right and of a wrong passage.

    >>> score_triples(np.array([[0.0, 2.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]))["ranked_right"]
    0.75
    """
    scores = np.asarray(logits, dtype=np.float64)
    margins = scores[:, 1] - scores[:, 0]
    right, wrong = margins[0::2], margins[1::2]
    ranked = float(((right > wrong) + 0.5 * (right == wrong)).sum())
    interval = binomtest(int(ranked), len(right)).proportion_ci(method="wilson")
    return {
        "ranked_right": ranked / len(right),
        "ranked_right_low": float(interval.low),
        "ranked_right_high": float(interval.high),
        "accuracy": float((np.concatenate([right > 0, wrong <= 0])).mean()),
        "loss": float(np.logaddexp(0, np.concatenate([-right, wrong])).mean()),
    }


def _count_common(triples: Sequence[Triple]) -> Any:
    """Score passages by the words that they share with the query: what needs no encoder."""
    rows = []
    for triple in triples:
        asked = set(triple.query.casefold().split())
        for text in (triple.right, triple.wrong):
            rows.append((0.5, float(len(asked & set(text.casefold().split())))))
    return np.array(rows)
