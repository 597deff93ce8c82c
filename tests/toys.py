"""A toy encoder that trains in no time, and pairs and development queries for it."""

import json
import os
import signal
import sys
from pathlib import Path

from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, set_seed

from graphtune.config import BaseConfig
from graphtune.encoder import hash_model
from graphtune.records import Pair
from graphtune.train import DevSet, TrainingData, TrainReport, fitting, train_encoder, trainer
from graphtune.train.selection import CheckpointKeeper
from graphtune.tuning_config import TrainConfig

WORDS = ("crystal", "matroid", "tableau", "lattice", "poset", "partition", "hook", "charge")
PAIRS = [
    Pair(
        f"{one} {two}",
        f"here the {one} of a {two} is studied",
        "name",
        f"{one}{two}",
        f"c{one}{two}",
        "d",
    )
    for one in WORDS
    for two in WORDS
]
DEV = DevSet(
    {f"q{one}": f"{one} {two}" for one, two in zip(WORDS, WORDS[3:], strict=False)},
    {pair.chunk_id: pair.positive for pair in PAIRS},
    {f"q{one}": {f"c{one}{two}": 3} for one, two in zip(WORDS, WORDS[3:], strict=False)},
)
DATA = TrainingData(PAIRS, DEV, "evidence", {"pairs": "abc"})
#: Four steps an epoch, judged at each.
SETTINGS = TrainConfig(
    epochs=2,
    batch_size=16,
    eval_steps=1,
    patience=50,
    max_seq_length=32,
    learning_rate=1e-2,
    dropout=0.1,
)
#: What the toy's dimensions are.
DIMS = (16, 8)


def make_base(folder: Path) -> BaseConfig:
    """Write an untrained BERT of two layers and 16 dimensions into a folder, the same every time."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = [*special, *WORDS, "here", "the", "of", "a", "is", "studied"]
    words = Tokenizer(models.WordLevel({w: n for n, w in enumerate(vocabulary)}, "[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), special, strict=True))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=32, **names)
    set_seed(0)
    shape = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    BertModel(shape).save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    layers = Transformer(str(folder / "bert"))
    encoder = SentenceTransformer(modules=[layers, Pooling(16)], device="cpu")
    encoder.save_pretrained(str(folder / "toy"), create_model_card=False)
    return BaseConfig(model=str(folder / "toy"))


def train_toy(
    base: BaseConfig, folder: Path, resume: bool = False, **changes: object
) -> TrainReport:
    """Train the toy with the settings above but for some."""
    settings = SETTINGS.model_copy(update={"matryoshka_dims": DIMS, **changes})
    return train_encoder(base, DATA, settings, 0, folder, resume)


def main() -> None:
    """Train as a process of its own, which may kill itself before an evaluation, and tell its weights.

    Arguments: the folder of the base, that of the model, changes of the settings as JSON, and the
    number of the evaluation before which it dies, or 0.
    """
    base, folder, changes, last = sys.argv[1:5]
    record, seen, trainers = CheckpointKeeper.record, [], []

    def die(self: CheckpointKeeper, encoder: SentenceTransformer, step: int) -> bool:
        seen.append(step)
        if len(seen) == int(last):
            os.kill(os.getpid(), signal.SIGKILL)
        return record(self, encoder, step)

    def keep(*arguments: object) -> object:
        trainers.append(fitting.make_trainer(*arguments))
        return trainers[-1]

    CheckpointKeeper.record = die
    trainer.make_trainer = keep
    train_toy(BaseConfig(model=base), Path(folder), resume=last == "0", **json.loads(changes))
    weights = Path(f"{folder}.{os.environ.get('RANK', '0')}.weights")
    weights.write_text(hash_model(trainers[-1].model))


if __name__ == "__main__":
    main()
