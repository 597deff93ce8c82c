import json
from pathlib import Path

import pytest

from graphtune.bench.beir import load_beir, load_splits
from graphtune.bench.benchmark import find_own_documents
from graphtune.errors import DataError
from graphtune.metrics import score_run

CORPUS = [
    {"_id": "d1", "title": "Young tableaux", "text": "A filling of a diagram."},
    {"_id": "d2", "title": "", "text": "A partition of n."},
    {"_id": "d3", "text": "A poset."},
]
QUERIES = [
    {"_id": "q1", "text": "tableau", "metadata": {"concepts": ["Young tableau", "tableaux"]}},
    {"_id": "q2", "text": "partition", "metadata": {"url": "x"}},
    {"_id": "q3", "text": "nobody judged this"},
]
QRELS = "query-id\tcorpus-id\tscore\nq2\td2\t1\nq1\td1\t2\nq1\td2\t0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "tiny"
    (target / "qrels").mkdir(parents=True)
    write_lines(target / "corpus.jsonl", CORPUS)
    write_lines(target / "queries.jsonl", QUERIES)
    (target / "qrels" / "test.tsv").write_text(QRELS)
    return target


def write_lines(path: Path, lines: list[object]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_a_folder_becomes_a_benchmark(folder: Path):
    benchmark = load_beir(folder)
    assert benchmark.name == "tiny"
    assert benchmark.documents == {
        "d1": "Young tableaux\nA filling of a diagram.",
        "d2": "A partition of n.",
        "d3": "A poset.",
    }
    assert list(benchmark.queries.items()) == [("q1", "tableau"), ("q2", "partition")]
    assert benchmark.qrels == {"q1": {"d1": 2, "d2": 0}, "q2": {"d2": 1}}
    assert benchmark.concepts == {"q1": ("Young tableau", "tableaux")}
    assert benchmark.groups == {}
    assert benchmark.notes == (
        "1 of 3 queries have no relevant document in split 'test' and are left out.",
    )


def test_header_blank_lines_byte_order_mark_and_repeated_rows_do_not_matter(folder: Path):
    expected = load_beir(folder)
    (folder / "qrels" / "test.tsv").write_bytes(
        b"\xef\xbb\xbfq2\td2\t1\r\n\r\nq1\td1\t2\r\nq1\td2\t0\r\nq1\td2\t0\r\n"
    )
    corpus = (folder / "corpus.jsonl").read_bytes()
    (folder / "corpus.jsonl").write_bytes(b"\xef\xbb\xbf" + corpus.replace(b"\n", b"\r\n\r\n"))
    assert load_beir(folder) == expected


def test_numbers_as_ids_and_null_titles_are_read(folder: Path):
    write_lines(folder / "corpus.jsonl", [{"_id": 7, "title": None, "text": "A poset."}])
    write_lines(folder / "queries.jsonl", [{"_id": 1, "text": "poset", "metadata": None}])
    (folder / "qrels" / "test.tsv").write_text("1\t7\t1\n")
    benchmark = load_beir(folder)
    assert benchmark.documents == {"7": "A poset."}
    assert benchmark.qrels == {"1": {"7": 1}}


def test_queries_that_are_documents_are_noted(folder: Path):
    write_lines(folder / "queries.jsonl", [{"_id": "d1", "text": "tableau"}])
    (folder / "qrels" / "test.tsv").write_text("d1\td2\t1\n")
    benchmark = load_beir(folder)
    assert find_own_documents(benchmark) == {"d1"}
    assert benchmark.excluded == {"d1": ("d1",)}
    assert benchmark.notes == (
        "1 queries are documents themselves and are not among their own answers.",
    )


def test_ids_that_are_merely_numbered_alike_exclude_nothing(folder: Path):
    """Cranfield numbers queries and documents from 1, and judges some pair of equal numbers."""
    write_lines(folder / "queries.jsonl", [{"_id": i, "text": "tableau"} for i in ("d1", "d2")])
    (folder / "qrels" / "test.tsv").write_text("d1\td2\t1\nd2\td2\t1\n")
    benchmark = load_beir(folder)
    assert find_own_documents(benchmark) == frozenset()
    assert benchmark.notes == ()


BAD_LINES = [
    ("corpus.jsonl", '{"_id": "d4", "text": ', r"corpus\.jsonl:4: line: Invalid JSON"),
    ("corpus.jsonl", '["d4"]', r"corpus\.jsonl:4: line: .*object"),
    ("corpus.jsonl", '{"_id": "d4"}', r"corpus\.jsonl:4: text: Field required"),
    ("corpus.jsonl", '{"text": "x"}', r"corpus\.jsonl:4: _id: Field required"),
    ("corpus.jsonl", '{"_id": "", "text": "x"}', r"corpus\.jsonl:4: _id: "),
    ("corpus.jsonl", '{"_id": "d1", "text": "x"}', r"corpus\.jsonl:4: the id 'd1' stands twice"),
    ("queries.jsonl", '{"_id": "q4", "text": " "}', r"queries\.jsonl:4: text: "),
    ("queries.jsonl", '{"_id": "q1", "text": "x"}', r"queries\.jsonl:4: the id 'q1' stands twice"),
    (
        "queries.jsonl",
        '{"_id": "q4", "text": "x", "metadata": {"concepts": "Young tableau"}}',
        r"queries\.jsonl:4: metadata\.concepts: ",
    ),
    ("qrels/test.tsv", "q1 d1 1", r"test\.tsv:5: 1 columns, expected three"),
    ("qrels/test.tsv", "q1\t0\td1\t1", r"test\.tsv:5: 4 columns, expected three.*TREC"),
    ("qrels/test.tsv", "q1 0 d1 1", r"test\.tsv:5: 1 columns, expected three.*TREC's form"),
    ("qrels/test.tsv", "q1\td3\t0.5", r"test\.tsv:5: the score '0\.5' is no whole number"),
    ("qrels/test.tsv", "q1\td3\tnan", r"test\.tsv:5: the score 'nan' is no whole number"),
    ("qrels/test.tsv", "q1\td1\thigh", r"test\.tsv:5: the score 'high' is no whole number"),
    ("qrels/test.tsv", "q9\td1\t1", r"test\.tsv:5: the query 'q9' is not in queries\.jsonl"),
    ("qrels/test.tsv", "q1\td9\t1", r"test\.tsv:5: the document 'd9' is not in corpus\.jsonl"),
    ("qrels/test.tsv", "q1\td1\t1", r"test\.tsv:5: query 'q1' and document 'd1' have two scores"),
]


@pytest.mark.parametrize(("name", "line", "message"), BAD_LINES)
def test_a_bad_line_is_named(folder: Path, name: str, line: str, message: str):
    with (folder / name).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=message):
        load_beir(folder)


def test_unknown_ids_are_counted(folder: Path):
    with (folder / "qrels" / "test.tsv").open("a") as file:
        file.write("q1\td9\t1\nq2\td2\t1\nq9\td1\t1\nq1\td8\t0\n")
    message = r"test\.tsv:5: the document 'd9' is not in corpus\.jsonl \(and 2 more such lines\)"
    with pytest.raises(DataError, match=message):
        load_beir(folder)


def test_a_first_line_with_a_known_query_is_no_header(folder: Path):
    (folder / "qrels" / "test.tsv").write_text("q1\td1\thigh\nq2\td2\t1\n")
    with pytest.raises(DataError, match=r"test\.tsv:1: the score 'high'"):
        load_beir(folder)


def test_whole_scores_may_be_written_as_decimals_or_below_zero(folder: Path):
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t2.0\nq1\td2\t-2\nq2\td2\t1\n")
    qrels = load_beir(folder).qrels
    assert qrels == {"q1": {"d1": 2, "d2": -2}, "q2": {"d2": 1}}
    # Junk scores as what is not relevant does.
    run = {"q1": [("d2", 2.0), ("d1", 1.0)]}
    assert score_run({"q1": qrels["q1"]}, run) == score_run({"q1": {"d1": 2, "d2": 0}}, run)


def test_several_splits_share_one_corpus_and_have_names_of_their_own(folder: Path):
    (folder / "qrels" / "dev.tsv").write_text("q3\td3\t1\n")
    test, dev = load_splits(folder, ["test", "dev", "test"])
    assert (test.name, dev.name) == ("tiny", "tiny-dev")
    assert test == load_beir(folder)
    assert dev == load_beir(folder, "dev")
    assert list(dev.queries) == ["q3"]
    assert dev.documents is test.documents
    with pytest.raises(DataError, match="no split 'train'"):
        load_splits(folder, ["test", "train"])


def test_documents_without_any_text_are_counted(folder: Path):
    with (folder / "corpus.jsonl").open("a") as file:
        file.write('{"_id": "d4", "title": " ", "text": ""}\n')
    assert "1 of 4 documents have neither title nor text." in load_beir(folder).notes


def test_documents_that_a_query_excludes(folder: Path):
    asked = {"_id": "q1", "text": "tableau", "metadata": {"excluded_ids": ["d3", 7]}}
    write_lines(folder / "queries.jsonl", [asked, QUERIES[1]])
    assert load_beir(folder).excluded == {"q1": ("d3", "7")}
    asked["metadata"] = {"excluded_ids": ["d1"]}
    write_lines(folder / "queries.jsonl", [asked, QUERIES[1]])
    with pytest.raises(DataError, match="'d1' is relevant to query 'q1'"):
        load_beir(folder)


def test_what_is_still_packed_is_named(folder: Path):
    (folder / "corpus.jsonl").rename(folder / "corpus.jsonl.gz")
    with pytest.raises(DataError, match=r"gunzip corpus\.jsonl\.gz"):
        load_beir(folder)
    with pytest.raises(DataError, match=r"is a file.*unpack it"):
        load_beir(folder / "queries.jsonl")


def test_bytes_that_are_no_text_are_named(folder: Path):
    with (folder / "corpus.jsonl").open("ab") as file:
        file.write(b'{"_id": "d4", "text": "caf\xe9"}\n')
    with pytest.raises(DataError, match=r"corpus\.jsonl:4: not UTF-8"):
        load_beir(folder)


def test_missing_files_are_named(folder: Path):
    (folder / "queries.jsonl").unlink()
    with pytest.raises(DataError, match=r"no BEIR folder: queries\.jsonl missing"):
        load_beir(folder)
    with pytest.raises(DataError, match=r"corpus\.jsonl and queries\.jsonl missing"):
        load_beir(folder / "nowhere")


def test_a_missing_split_lists_those_that_exist(folder: Path):
    (folder / "qrels" / "dev.tsv").write_text(QRELS)
    with pytest.raises(DataError, match="no split 'train'; it has: dev, test"):
        load_beir(folder, "train")
    for path in (folder / "qrels").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="it has: none"):
        load_beir(folder)


def test_an_empty_corpus_and_empty_judgements_are_refused(folder: Path):
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t0\n")
    with pytest.raises(DataError, match=r"test\.tsv judges no document relevant"):
        load_beir(folder)
    (folder / "corpus.jsonl").write_text("\n")
    with pytest.raises(DataError, match=r"corpus\.jsonl is empty"):
        load_beir(folder)


def test_a_split_is_the_name_of_a_file_and_never_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "people"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "text": "A poset."}')
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "posets"}')
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t1\n")
    for split in ("../qrels/test", str(folder / "qrels" / "test"), "none"):
        with pytest.raises(DataError, match="it has: test"):
            load_splits(folder, [split])
