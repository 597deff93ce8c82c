"""Shared fixtures. No test reaches the network beyond this machine."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from graphtune.config import BaseConfig, Config, ExtractConfig
from graphtune.tuning_config import SplitConfig
from graphtune.workspace import Workspace, init_workspace

# The same examples every time: a red run can be repeated.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")
os.environ["HF_HUB_OFFLINE"] = "1"
for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
    os.environ.pop(name, None)

_connect = socket.socket.connect


def _connect_to_loopback(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise PermissionError(f"a test tried to reach {host}: tests stay on this machine")
    _connect(self, address)


socket.socket.connect = _connect_to_loopback  # type: ignore[method-assign]

PAPERS = {
    "schur.md": """# Schur functions

## 1 Tableaux

**Definition 1.1.** A *semistandard tableau* is a filling of a Young diagram whose rows weakly
increase and whose columns strictly increase. A *Schur function* is the generating function of the
semistandard tableaux of a shape.

**Theorem 1.2 (Pieri rule).** The product of a Schur function and a complete homogeneous symmetric
function is a sum of Schur functions over horizontal strips.

*Proof.* Insert the letters one by one into a semistandard tableau and use row insertion.

## 2 Relations

Macdonald polynomials generalize Schur functions. The Pieri rule is a special case of the
Littlewood–Richardson rule.
""",
    "rsk.md": """# Row insertion

## 1 The correspondence

**Definition 1.1.** The *Robinson–Schensted–Knuth correspondence* (RSK) sends a matrix to a pair of
semistandard tableaux of the same shape.

**Theorem 1.2 (Cauchy identity).** The product over all cells is a sum of products of Schur functions.

*Proof.* This follows from the Robinson–Schensted–Knuth correspondence.

## 2 Use

The hook length formula counts standard tableaux. A *standard tableau* is a semistandard tableau with
each of the first numbers once.
""",
    "partitions.txt": """Integer partitions

A partition of n is called a strict partition if its parts are distinct. The conjugate partition is
said to be the partition whose Young diagram is transposed. Euler's theorem says that strict
partitions and partitions into odd parts are equinumerous.

Euler's theorem implies that the generating function is a product. A Young diagram is a picture of a
partition.
""",
}


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """A folder with three small papers."""
    folder = tmp_path / "papers"
    folder.mkdir()
    for name, text in PAPERS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def config() -> Config:
    """Settings that need no network: the packaged base model, the rules."""
    return Config(
        base=BaseConfig(model="minilm"),
        extract=ExtractConfig(extractor="rules"),
        split=SplitConfig(test_concepts=0.25, dev_concepts=0.15, test_papers=0.0),
    )


@pytest.fixture
def workspace(tmp_path: Path, config: Config) -> Workspace:
    """An empty workspace."""
    return init_workspace(tmp_path / "ws", config)


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[BaseConfig]:
    """A toy encoder to train (see `tests.toys`); one thread is fastest for it."""
    import torch

    from tests.toys import make_base

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield make_base(tmp_path)
    torch.set_num_threads(threads)
