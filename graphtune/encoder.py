"""Loading and running an encoder: the one contract for prompts, dtypes and dimensions.

Chunking, training, benchmark and search all come through here, so that a query is encoded alike
everywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from graphtune.config import BaseConfig
from graphtune.errors import ModelError
from graphtune.models import explain_failure, load_pretrained, must_stay_local, resolve_model

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

Vectors = NDArray[np.float32]

#: The Matryoshka ladder of the seed, and the one for narrower models.
WIDE_DIMS = (768, 512, 256, 128)
NARROW_DIMS = (384, 256, 128, 64)

#: Characters of a batch (about four a token): on a processor, small batches stay in its cache.
_CPU_BATCH, _GPU_BATCH = 1 << 14, 1 << 18

_SURROGATE = re.compile("[\ud800-\udfff]")
#: Settings of a model that say nothing of its vectors.
_UNRELATED = ("_name_or_path", "transformers_version")
#: Prompts that model families were trained with but whose folders do not say so.
_FAMILY_PROMPTS: tuple[tuple[str, str, str], ...] = (
    (r"(^|/)(multilingual-)?e5-(small|base|large)(-v2)?$", "query: ", "passage: "),
    (r"(^|/)bge-\w+-en(-v1\.5)?$", "Represent this sentence for searching relevant passages: ", ""),
)


def locate_tokenizer(base: BaseConfig, cache: Path) -> Path:
    """Return the path of the base model's `tokenizer.json`, without loading its weights.

    A tokenizer that has none is converted once into `cache`.

    Raises:
        ModelError: the model cannot be found, or has no fast tokenizer.
    """
    target = resolve_model(base.model)
    if (Path(target) / "tokenizer.json").is_file():
        return Path(target) / "tokenizer.json"
    name = hashlib.sha256(f"{base.model}@{base.revision}".encode()).hexdigest()[:16]
    converted = cache / f"tokenizer-{name}"
    if not (converted / "tokenizer.json").is_file():
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(
                target,
                revision=base.revision,
                trust_remote_code=base.trust_remote_code,
                local_files_only=must_stay_local(target),
            )
        except (OSError, ValueError) as error:
            raise explain_failure(base.model, error) from error
        tokenizer.save_pretrained(converted)
    if not (converted / "tokenizer.json").is_file():
        raise ModelError(f"the model {base.model!r} has no fast tokenizer; choose one that has")
    return converted / "tokenizer.json"


def load_encoder(base: BaseConfig) -> SentenceTransformer:
    """Load a sentence-transformers encoder with its prompts, from safetensors weights only.

    Prompts come from the settings, else from the model's own folder, else from its family (E5, BGE).

    Raises:
        ModelError: the model cannot be found or loaded.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    _limit_caches()

    def load(target: str, stay_local: bool) -> SentenceTransformer:
        return SentenceTransformer(
            target,
            revision=base.revision,
            trust_remote_code=base.trust_remote_code,
            local_files_only=stay_local,
            model_kwargs={"use_safetensors": True},
        )

    encoder = load_pretrained(base.model, load)
    query, document = choose_prompts(base, {k: v or "" for k, v in encoder.prompts.items()})
    encoder.prompts = {**encoder.prompts, "query": query, "document": document}
    return encoder


def _limit_caches() -> None:
    """Let oneDNN remember few shapes of matrices, unless the user has set how many.

    On a processor it keeps code and buffers for each of up to 1,024 shapes, several gigabytes where
    batches are of ever new lengths, and reads these variables at the first product.
    """
    for variable in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(variable, "64")


def choose_prompts(base: BaseConfig, own: dict[str, str]) -> tuple[str, str]:
    """Return the prompts (for queries, for documents) of a model whose folder says `own`.

    >>> choose_prompts(BaseConfig(model="intfloat/e5-base-v2"), {})
    ('query: ', 'passage: ')
    >>> choose_prompts(BaseConfig(model="minilm", query_prompt="find: "), {})
    ('find: ', '')
    """
    query = own.get("query", "")
    document = own.get("document") or own.get("passage") or own.get("corpus") or ""
    if not query and not document:
        for pattern, family_query, family_document in _FAMILY_PROMPTS:
            if re.search(pattern, base.model, re.IGNORECASE):
                query, document = family_query, family_document
    return (
        query if base.query_prompt is None else base.query_prompt,
        document if base.document_prompt is None else base.document_prompt,
    )


def has_fast_bf16() -> bool:
    """Tell whether this machine computes bfloat16 faster than float32."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    flags = Path("/proc/cpuinfo")
    return flags.is_file() and bool(re.search(r"\b(avx512_bf16|amx_bf16)\b", flags.read_text()))


def autocast_bf16(encoder: SentenceTransformer) -> AbstractContextManager[object]:
    """Return a context that computes in bfloat16 where that is faster, and does nothing elsewhere."""
    import torch

    if name_dtype(encoder) == "bfloat16":
        return torch.autocast(encoder.device.type, dtype=torch.bfloat16)
    return nullcontext()


def name_dtype(encoder: SentenceTransformer) -> str:
    """Return the type that `encode_texts` computes in with this encoder on this machine."""
    if encoder.device.type in ("cpu", "cuda") and has_fast_bf16():
        return "bfloat16"
    return str(encoder.dtype).removeprefix("torch.")


def encode_texts(
    encoder: SentenceTransformer,
    texts: Sequence[str],
    role: Literal["query", "document"],
    label: str = "encoding",
) -> Vectors:
    """Encode texts with the prompt of their role.

    Args:
        encoder: a model from `load_encoder`.
        texts: any number of strings; longer ones are cut at the model's `max_seq_length`.
        role: which prompt stands before each text.
        label: what the progress bar says.

    Returns:
        float32 vectors at full width, shape (len(texts), dim), not normalised by this function.
    """
    vectors = np.zeros((len(texts), encoder.get_embedding_dimension() or 0), dtype=np.float32)
    for places, rows in encode_batches(encoder, texts, role, label):
        vectors[places] = rows
    return vectors


def encode_batches(
    encoder: SentenceTransformer,
    texts: Sequence[str],
    role: Literal["query", "document"],
    label: str = "encoding",
) -> Iterator[tuple[list[int], Vectors]]:
    """Yield the vectors of `encode_texts` batch by batch, with the places of the batch's texts."""
    from graphtune.progress import track

    texts = [replace_surrogates(text) for text in texts]

    encode = encoder.encode_query if role == "query" else encoder.encode_document
    cut = 4 * (encoder.max_seq_length or 512)
    budget = _CPU_BATCH if encoder.device.type == "cpu" else _GPU_BATCH
    batches = list(split_batches([min(len(text), cut) for text in texts], budget))
    for places in track(batches, label, "batches"):
        with autocast_bf16(encoder):
            rows = encode([texts[i] for i in places], batch_size=64, show_progress_bar=False)
        yield places, np.asarray(rows, dtype=np.float32)


def replace_surrogates(text: str) -> str:
    r"""Return a text that UTF-8 can hold: lone surrogates become U+FFFD, as tokenizers refuse them.

    >>> ascii(replace_surrogates("a \ud800 map"))
    "'a \\ufffd map'"
    """
    return _SURROGATE.sub("\ufffd", text)


def split_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield the places of texts in batches of like length, longest first, which keeps padding small.

    A batch holds at most 64 texts, and no more than `budget` characters with the padding, but for
    a single text that is longer.

    >>> list(split_batches([10, 900, 20, 30], budget=60))
    [[1], [3, 2], [0]]
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    start = 0
    while start < len(order):
        size = min(64, max(1, budget // max(1, lengths[order[start]])))
        yield order[start : start + size]
        start += size


def truncate_vectors(vectors: Vectors, dim: int) -> Vectors:
    """Keep the first `dim` columns and normalise each row to length 1 (Matryoshka, arXiv:2205.13147).

    >>> truncate_vectors(np.array([[3.0, 4.0, 9.0]], dtype=np.float32), 2).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    sliced = vectors[:, :dim]
    norms = np.linalg.norm(sliced, axis=1, keepdims=True)
    normalised: Vectors = (sliced / np.maximum(norms, 1e-12)).astype(np.float32)
    return normalised


def list_dims(width: int, wanted: Sequence[int] | None) -> tuple[int, ...]:
    """Return the Matryoshka dimensions of a model, widest first, the full width always among them.

    Raises:
        ModelError: a wanted dimension is wider than the model.

    >>> list_dims(768, None), list_dims(384, None), list_dims(512, [128])
    ((768, 512, 256, 128), (384, 256, 128, 64), (512, 128))
    """
    if wanted is None:
        ladder = WIDE_DIMS if width >= WIDE_DIMS[0] else NARROW_DIMS
        wanted = [dim for dim in ladder if dim < width]
    too_wide = [dim for dim in wanted if dim > width or dim < 1]
    if too_wide:
        raise ModelError(
            f"matryoshka_dims has {too_wide}, but this model gives {width} dimensions: "
            f"use values from 1 to {width}"
        )
    return tuple(sorted({width, *wanted}, reverse=True))


def describe_architecture(encoder: SentenceTransformer) -> str:
    """Return what the weights do not tell of a model's vectors: pooling, and a sha256 of the rest.

    That is the tokenizer, without the lengths that it cuts and pads to from call to call, and the
    settings of the layers, such as heads and activations.
    """
    configs = {id(c): c for c in (getattr(m, "config", None) for m in encoder.modules()) if c}
    parts: list[object] = [
        {key: value for key, value in config.to_dict().items() if key not in _UNRELATED}
        for config in configs.values()
        if hasattr(config, "to_dict")
    ]
    tokenizer = getattr(encoder.tokenizer, "backend_tokenizer", encoder.tokenizer)
    if hasattr(tokenizer, "to_str"):
        parts.append({**json.loads(tokenizer.to_str()), "truncation": None, "padding": None})
    elif hasattr(tokenizer, "get_vocab"):
        parts.append(tokenizer.get_vocab())
    rules = json.dumps(parts, sort_keys=True, default=str)
    return f"{encoder} {hashlib.sha256(rules.encode()).hexdigest()}"


def hash_model(encoder: SentenceTransformer | CrossEncoder) -> str:
    """Return a sha256 over the names and values of all weights and the prompts."""
    digest = hashlib.sha256(repr(sorted(encoder.prompts.items())).encode())
    for name, tensor in sorted(encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().float().numpy().tobytes())
    return digest.hexdigest()
