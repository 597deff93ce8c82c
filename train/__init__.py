"""Fine-tuning an encoder on pairs.

>>> from graphtune.train import train_encoder
"""

from graphtune.train.data import make_training_data
from graphtune.train.records import TrainReport
from graphtune.train.selection import DevSet
from graphtune.train.trainer import TrainingData, train_encoder

__all__ = ["DevSet", "TrainReport", "TrainingData", "make_training_data", "train_encoder"]
