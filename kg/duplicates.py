"""Link chunks that say nearly the same: preprints and their journal versions, copied definitions."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
from sqlite_utils import Database

from graphtune.kg.schema import write_rows
from graphtune.progress import track
from graphtune.records import ChunkLink

#: Jaccard similarity of their sets of three words in a row from which two chunks are near-duplicates.
THRESHOLD = 0.8
#: Chunks of fewer words are alike by chance ("References", "Proof. Clear.").
MIN_WORDS = 20
#: A text that stands in every paper is linked to its nearest twins only.
MAX_LINKS = 5
_PERMUTATIONS = 128
_SCHEME = "affine32"
_WORD = re.compile(r"\w+")


def link_near_duplicates(db: Database) -> None:
    """Link the near-duplicates among all chunks anew where chunks came or went.

    Candidates come from MinHash signatures in an LSH index (Broder 1997), which are kept in the
    database; each is verified by the Jaccard similarity of the texts themselves.
    """
    texts: dict[str, str] = dict(db.execute("SELECT id, text FROM chunks ORDER BY id").fetchall())
    state = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    known = next(db.query("SELECT value FROM meta WHERE key = 'near_duplicates'"), None)
    if known == {"value": state}:
        return
    links = find_near_duplicates(texts, _complete_signatures(db, texts))
    with db.atomic():
        db.execute("DELETE FROM chunk_links WHERE type = 'near_duplicate'")
        write_rows(db, "chunk_links", map(asdict, links))
        db.table("meta").insert({"key": "near_duplicates", "value": state}, replace=True)


def _complete_signatures(db: Database, texts: Mapping[str, str]) -> dict[str, bytes]:
    """Return the signature of each chunk that is long enough, after storing those that lack."""
    held: dict[str, bytes] = dict(
        db.execute("SELECT chunk_id, signature FROM chunk_signatures").fetchall()
    )
    new = {
        chunk: sign_text(texts[chunk])
        for chunk in track([chunk for chunk in texts if chunk not in held], "comparing", "chunks")
    }
    with db.atomic():
        rows = ({"chunk_id": chunk, "signature": signature} for chunk, signature in new.items())
        write_rows(db, "chunk_signatures", rows)
    return {chunk: signature for chunk, signature in (held | new).items() if signature}


def _list_shingles(text: str) -> set[str]:
    words = _WORD.findall(text.lower())
    if len(words) < MIN_WORDS:
        return set()
    return {" ".join(words[start : start + 3]) for start in range(len(words) - 2)}


def sign_text(text: str) -> bytes:
    """Return the MinHash signature of a text, empty where it has too few words.

    >>> len(sign_text("one two three")), len(sign_text("all " * 20)) > 400
    (0, True)
    """
    from datasketch import MinHash

    shingles = _list_shingles(text)
    if not shingles:
        return b""
    signature = MinHash(num_perm=_PERMUTATIONS, seed=1, scheme=_SCHEME)
    signature.update_batch([shingle.encode() for shingle in sorted(shingles)])
    return bytes(np.asarray(signature.digest(), dtype=np.uint64).tobytes())


def find_near_duplicates(
    texts: Mapping[str, str], signatures: Mapping[str, bytes]
) -> list[ChunkLink]:
    """Return a link for each pair of near-duplicates, at most `MAX_LINKS` from any one chunk.

    `texts` and `signatures` (see `sign_text`) go by chunk id.
    """
    from datasketch import LeanMinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=_PERMUTATIONS)
    links: list[ChunkLink] = []
    for chunk in sorted(signatures):
        values = np.frombuffer(signatures[chunk], dtype=np.uint64)
        signature = LeanMinHash(seed=1, hashvalues=values, scheme=_SCHEME)
        shingles = _list_shingles(texts[chunk])
        found = []
        for other in sorted(index.query(signature))[: 10 * MAX_LINKS]:
            twins = _list_shingles(texts[other])
            weight = len(shingles & twins) / len(shingles | twins)
            if weight >= THRESHOLD:
                found.append(ChunkLink(other, "near_duplicate", chunk, weight=round(weight, 4)))
        links += sorted(found, key=lambda link: (-link.weight, link.source))[:MAX_LINKS]
        index.insert(chunk, signature)
    return links
