"""The user's own pairs: read strictly, checked for leaks, mixed in, counted."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graphtune.cli import main
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs import Split, certify_pairs, read_card, read_pairs
from graphtune.pairs.extra import choose_extra, hash_extra, read_extra
from graphtune.pipeline import build_workspace
from graphtune.records import Chunk, Concept, Mention, Pair
from graphtune.workspace import Workspace

GOOD = '{"anchor": " what is a poset? ", "positive": "A partly ordered set.", "weight": 2}'


def write(tmp_path: Path, content: str | bytes, name: str = "my.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_pairs_are_read_with_negative_and_weight_or_without(tmp_path: Path) -> None:
    second = '{"anchor": "a", "positive": "b", "negative": "c"}'
    path = write(tmp_path, b"\xef\xbb\xbf" + f"{GOOD}\r\n\n{second}".encode())
    assert list(read_extra(path)) == [
        Pair("what is a poset?", "A partly ordered set.", "extra", "", "", "", 2.0),
        Pair("a", "b", "extra", "", "", "", 1.0, "c"),
    ]


def test_parquet_is_read_too(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "my.parquet"
    pq.write_table(pa.table({"anchor": ["a", "b"], "positive": ["c", None]}), path)
    with pytest.raises(DataError, match=r"my\.parquet:2: positive"):
        list(read_extra(path))
    with pytest.raises(DataError, match="no Parquet"):
        list(read_extra(write(tmp_path, "x" * 50, "bad.parquet")))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"anchor": "a"}', "positive: Field required"),
        ('{"anchor": "  ", "positive": "b"}', "anchor: String should have at least 1"),
        ('{"anchor": 3, "positive": "b"}', "anchor: Input should be a valid string"),
        ('{"anchor": "a", "positive": "b", "weight": 0}', "weight"),
        ('{"anchor": "a", "positive": "b", "weight": NaN}', "weight"),
        ('{"anchor": "a", "positive": "b", "negatives": "c"}', "negatives: Extra inputs"),
        ('{"anchor": "a", "positive": "b \\ud800"}', "positive: Input should be a valid string"),
        ('["a", "b"]', "the line: Input should be"),
        ("{broken", "not a line of JSON"),
        (b'{"anchor": "\xe9"}', "not a line of JSON"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str | bytes, problem: str) -> None:
    raw = line if isinstance(line, bytes) else line.encode()
    path = write(tmp_path, GOOD.encode() + b"\n\n" + raw + b"\n")
    with pytest.raises(DataError, match=r"my\.jsonl:3") as caught:
        list(read_extra(path))
    assert problem in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        list(read_extra(tmp_path / "none.jsonl"))
    with pytest.raises(DataError, match="cannot be read"):
        hash_extra([tmp_path / "none.jsonl"])
    assert hash_extra([]) == {}


HELD_OUT_TEXT = "A crystal basis is a basis of a module over a quantum group at zero."
TRAIN_TEXT = "A strict partition is a partition whose parts are all distinct numbers."


def make_case() -> tuple[ConceptGraph, Split]:
    """Concept "secret" is held out with its alias; paper "new" is held out."""
    chunks = {
        key: Chunk(key, paper, 0, text, 0, len(text), "", 1, 1, 5)
        for key, paper, text in (("c0", "old", TRAIN_TEXT), ("c1", "new", HELD_OUT_TEXT))
    }
    concepts = {
        "strict partition": Concept("strict partition", "strict partition", "object"),
        "secret": Concept("secret", "secret", "object", "It is not known.", ("hidden thing",)),
    }
    mentions = {key: [Mention(key, "c0", 0, 4, "defines")] for key in concepts}
    documents = {key: {"id": key, "path": key, "title": key} for key in ("old", "new")}
    graph = ConceptGraph(documents, chunks, concepts, mentions, [], {"corpus": "x", "graph": "y"})
    split = Split(
        concepts={"strict partition": "train", "secret": "test"},
        documents={"old": "train", "new": "test"},
    )
    return graph, split


def extra(anchor: str, positive: str, negative: str = "") -> Pair:
    return Pair(anchor, positive, "extra", "", "", "", 1.0, negative)


def test_what_is_held_out_stays_out_and_is_counted() -> None:
    graph, split = make_case()
    good = [
        extra("Strict Partitions", TRAIN_TEXT),
        extra("my question", "a text of my own", "another one"),
    ]
    bad = [
        extra("Secrets", "some text"),
        extra("hidden thing", "some text"),
        extra("It is not known.", "some text"),
        extra("crystals", f"Recall: {HELD_OUT_TEXT.lower()}"),
        extra("crystals", "some text", HELD_OUT_TEXT),
        extra("my question", "a text of my own"),
        extra("made", "already"),
    ]
    made = [replace(extra("made", "already"), style="name")]
    found = choose_extra(graph, split, made, [*good, *bad])
    assert found.pairs == [
        replace(good[0], concept_id="strict partition", chunk_id="c0", document_id="old"),
        good[1],
    ]
    assert found.left_out == {
        "they are there already": 2,
        "they name held-out concepts or quote held-out papers": 3,
        "they repeat passages of held-out papers": 2,
    }
    assert certify_pairs(graph, split, found.pairs).is_clean()
    assert certify_pairs(graph, split, found.pairs).untraced == 1
    for pair in bad[:4]:
        assert not certify_pairs(graph, split, [pair]).is_clean(), pair


def call(workspace: Workspace, *words: str) -> Result:
    return CliRunner().invoke(main, ["pairs", "-w", str(workspace.root), *words])


def test_the_command_mixes_them_in_and_knows_when_nothing_changed(
    workspace: Workspace, papers: Path, tmp_path: Path
) -> None:
    build_workspace(workspace, [papers])
    path = write(tmp_path, f"{GOOD}\n{GOOD}\n")
    first = call(workspace, "--extra", str(path))
    assert first.exit_code == 0, first.output
    assert "extra 1" in first.output
    assert "left out of your own pairs: 1, they are there already" in first.output
    assert "unchanged" not in first.output
    pairs, card = read_pairs(workspace.pairs, "evidence")
    assert (pairs[-1].style, pairs[-1].weight) == ("extra", 2.0)
    assert card.hashes["extra"] == hash_extra([path])["extra"]
    again = call(workspace, "--extra", str(path))
    assert (again.exit_code, "unchanged" in again.output) == (0, True)
    data = json.loads(call(workspace, "--extra", str(path), "--json").stdout)
    assert (data["made"], data["by_style"]["extra"]) == (False, 1)
    assert "unchanged" not in call(workspace, "--extra", str(path), "--force").output
    path.write_text(GOOD.replace("2", "3"), encoding="utf-8")
    assert "unchanged" not in call(workspace, "--extra", str(path)).output
    assert "extra" not in call(workspace).output.splitlines()[0].split("(")[1]
    assert read_card(workspace.pairs, "evidence").left_out == {}
    missing = call(workspace, "--extra", str(tmp_path / "none.jsonl"))
    assert (missing.exit_code, "cannot be read" in missing.output) == (1, True)
    check = call(workspace, "--check")
    assert (check.exit_code, "clean" in check.output) == (0, True)
