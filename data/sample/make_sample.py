"""Rebuild what is derived in the sample corpus: `pdf/` from `tex/`, the BEIR files from `gold.json`.

    python data/sample/make_sample.py            # both; needs pdflatex (TeX Live)
    python data/sample/make_sample.py --gold     # only gold/corpus.jsonl, queries.jsonl, qrels/test.tsv

`gold/gold.json` is written by hand: concepts, relations and queries with graded passages. A passage
is named `PAPER#LABEL`: a labelled environment or paragraph of `tex/PAPER.tex`, or, with `:proof`
behind it, the proof that follows. Paragraphs without a label are passages too (`PAPER#p7`), but
nobody judged them.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENT = re.compile(
    r"\\begin\{(theorem|lemma|proposition|corollary|conjecture|definition|example|remark|proof|abstract)\}"
    r"(?:\[(?P<name>(?:[^\[\]]|\[[^\]]*\])*)\])?(?P<body>.*?)\\end\{\1\}",
    re.DOTALL,
)
LABEL = re.compile(r"\\label\{([^}]*)\}")
SKIPPED = re.compile(
    r"\\(?:(?:sub)*section\*?\{.*\}|maketitle|title|author|date|begin|end|bibitem|\[|item\b)"
)


def compile_papers() -> None:
    """Run pdflatex twice on each source; the same source gives the same bytes."""
    if not shutil.which("pdflatex"):
        sys.exit("make_sample: pdflatex is missing; install TeX Live, or use --gold")
    (HERE / "pdf").mkdir(exist_ok=True)
    for source in sorted((HERE / "tex").glob("*.tex")):
        with tempfile.TemporaryDirectory() as folder:
            options = [
                "-interaction=nonstopmode",
                "-halt-on-error",
                f"-output-directory={folder}",
            ]
            for _ in range(2):
                subprocess.run(
                    ["pdflatex", *options, str(source)],
                    check=True,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"},
                )
            shutil.copy(Path(folder) / f"{source.stem}.pdf", HERE / "pdf")


def read_passages(paper: str, source: str) -> Iterator[tuple[str, str]]:
    """Yield (id, text) for each environment and paragraph of a paper, in order."""
    source = re.sub(r"(?<!\\)%.*", "", source)
    body = source.partition("\\begin{document}")[2].partition("\\begin{thebibliography}")[0]
    label, count, last = "", 0, 0
    for match in [*ENVIRONMENT.finditer(body), None]:
        stop = match.start() if match else len(body)
        for paragraph in re.split(r"\n\s*\n", body[last:stop]):
            found = LABEL.search(paragraph)
            text = clean_latex(SKIPPED.sub(" ", paragraph) if not found else paragraph)
            if len(text.split()) >= 8:
                count += 1
                named = found and found[1].startswith("par:")
                yield f"{paper}#{found[1] if found and named else f'p{count}'}", text
        if match is None:
            return
        last = match.end()
        kind, name = match[1], match["name"]
        found = LABEL.search(match["body"])
        if kind == "proof":
            key = f"{label}:proof" if label else f"proof{match.start()}"
        elif kind == "abstract":
            key = "abstract"
        else:
            key = label = found[1] if found else ""
        if key:
            head = f"{kind.capitalize()} ({name}). " if name else f"{kind.capitalize()}. "
            yield f"{paper}#{key}", clean_latex(head + match["body"])


def clean_latex(text: str) -> str:
    """Drop markup, keep words and mathematics.

    >>> clean_latex("A \\\\emph{partition}~$\\\\lambda$ \\\\cite{S99} of $n$--cells.")
    'A partition $\\\\lambda$ of $n$–cells.'
    """
    text = LABEL.sub("", text)
    text = re.sub(r"\\(?:(?:sub)*section\*?|paragraph\*?)\{[^}]*\}", " ", text)
    text = re.sub(r"~?\\(?:eq)?(?:ref|cite)(?:\[[^\]]*\])?\{[^}]*\}", "", text)
    text = re.sub(r"\\(?:emph|textit|textbf|text|textsc|textrm)\{([^{}]*)\}", r"\1", text)
    text = re.sub(
        r"\\(?:begin|end)\{(?:itemize|enumerate|quote|center|flushleft)\}(?:\[[^\]]*\])?", " ", text
    )
    text = re.sub(r"\\(?:item|noindent|medskip|smallskip|bigskip|qedhere|maketitle)\b", " ", text)
    for mark, sign in (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("~", " ")):
        text = text.replace(mark, sign)
    for accent, letter, sign in (
        ("'", "e", "é"),
        ('"', "o", "ö"),
        ('"', "u", "ü"),
        ("`", "e", "è"),
    ):
        text = text.replace(f"\\{accent}{letter}", sign).replace(f"\\{accent}{{{letter}}}", sign)
    return re.sub(r"\s+([.,;:])", r"\1", " ".join(text.split()))


def write_beir() -> None:
    """Write the BEIR folder; stop on a judgement of a passage that does not exist."""
    passages = {
        key: text
        for path in sorted((HERE / "tex").glob("*.tex"))
        for key, text in read_passages(path.stem, path.read_text(encoding="utf-8"))
    }
    gold = json.loads((HERE / "gold" / "gold.json").read_text(encoding="utf-8"))
    names = {
        concept["name"]: [concept["name"], *concept["aliases"]] for concept in gold["concepts"]
    }
    unknown = {key for query in gold["queries"] for key in query["relevant"]} - passages.keys()
    nameless = {name for query in gold["queries"] for name in query["concepts"]} - names.keys()
    if unknown or nameless:
        sys.exit(
            f"make_sample: gold.json names unknown passages {sorted(unknown)}, concepts {sorted(nameless)}"
        )
    queries, qrels = [], ["query-id\tcorpus-id\tscore"]
    for number, query in enumerate(gold["queries"], 1):
        key = f"q{number:03}"
        about = [name for concept in query["concepts"] for name in names[concept]]
        queries.append(
            {
                "_id": key,
                "text": query["text"],
                "metadata": {"kind": query["kind"], "concepts": about},
            }
        )
        qrels += [
            f"{key}\t{passage}\t{grade}" for passage, grade in sorted(query["relevant"].items())
        ]
    corpus = [{"_id": key, "title": "", "text": text} for key, text in passages.items()]
    folder = HERE / "gold"
    (folder / "qrels").mkdir(exist_ok=True)
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("\n".join(qrels) + "\n", encoding="utf-8")
    print(f"{len(corpus)} passages, {len(queries)} queries, {len(qrels) - 1} judgements")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gold", action="store_true", help="only the BEIR files")
    if not parser.parse_args().gold:
        compile_papers()
    write_beir()
