"""A recipe's pairs from first to last: made, joined by the user's own, given negatives, certified."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from graphtune.config import BaseConfig
from graphtune.encoder import load_encoder
from graphtune.files import read_record, write_record
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.certificate import Certificate, certificate_path
from graphtune.pairs.extra import choose_extra, hash_extra, read_extra
from graphtune.pairs.files import (
    PairsCard,
    card_path,
    find_pairs,
    is_intact,
    read_card,
    write_pairs,
)
from graphtune.pairs.leakage import certify_pairs
from graphtune.pairs.negatives import add_negatives
from graphtune.pairs.recipes import make_pairs
from graphtune.pairs.split import Split
from graphtune.tuning_config import PairsConfig, SplitConfig

Format = Literal["jsonl", "parquet"]


@dataclass(frozen=True, slots=True)
class MadePairs:
    """Where pairs lie, what is in them, what leaks, and whether they had to be made."""

    path: Path
    card: PairsCard
    certificate: Certificate
    made: bool


@dataclass(frozen=True, slots=True)
class PairsOrder:
    """What pairs are asked for: settings, folder, format, and the base model that mines negatives.

    The files of the user's own pairs are `settings.extra`, as paths from the current folder.
    """

    settings: PairsConfig
    split: SplitConfig
    folder: Path
    file_format: Format
    base: BaseConfig

    def hash_inputs(self) -> dict[str, str]:
        """Return hashes of what the pairs hang on beside graph and split."""
        base = {"base": self.base.digest()} if self.settings.negatives == "mined" else {}
        return {**hash_extra(map(Path, self.settings.extra)), **base}


def find_made(order: PairsOrder, inputs: dict[str, str]) -> MadePairs | None:
    """Return pairs that lie there already, if nothing has changed since they were made, and none leaks.

    `inputs` are the hashes of corpus, graph, ontology and split.
    """
    path = order.folder / f"{order.settings.recipe}.{order.file_format}"
    proof = certificate_path(order.folder, order.settings.recipe)
    if not (
        path.exists() and proof.exists() and card_path(order.folder, order.settings.recipe).exists()
    ):
        return None
    card = read_card(order.folder, order.settings.recipe)
    certificate = read_record(proof, Certificate)
    wanted = {**inputs, **order.hash_inputs()}
    same = (
        find_pairs(order.folder, order.settings.recipe) == [path]
        and (card.settings, card.split) == (order.settings, order.split)
        and {k: v for k, v in card.hashes.items() if k != "pairs"} == wanted
        and certificate.is_clean()
        and certificate.hashes["pairs"] == card.hashes["pairs"]
        and is_intact(order.folder, card)
    )
    return MadePairs(path, card, certificate, made=False) if same else None


def write_recipe(graph: ConceptGraph, split: Split, order: PairsOrder) -> MadePairs:
    """Make the pairs, write them with their card, certify them.

    Raises:
        DataError: there are none, or a file of the user's own pairs is wrong.
        ModelError: negatives are to be mined and the base model cannot be loaded.
    """
    settings = order.settings
    extra = [pair for path in settings.extra for pair in read_extra(Path(path))]
    pairs = make_pairs(graph, split, settings)
    chosen = choose_extra(graph, split, pairs, extra)
    for pair in chosen.pairs:
        if weight := settings.styles.get(pair.style, 1.0):
            pairs.append(replace(pair, weight=pair.weight * weight))
    if settings.negatives != "none":
        encoder = load_encoder(order.base) if settings.negatives == "mined" else None
        add_negatives(graph, split, pairs, settings, encoder)
    path, card = write_pairs(
        pairs,
        graph,
        split,
        (settings, order.split),
        order.folder,
        order.file_format,
        chosen.left_out,
        {"ontology": graph.ontology.digest(), **order.hash_inputs()},
    )
    certificate = certify_pairs(graph, split, pairs, card)
    write_record(certificate_path(order.folder, settings.recipe), certificate)
    return MadePairs(path, card, certificate, made=True)
