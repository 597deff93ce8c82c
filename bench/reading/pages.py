"""Pages of chunks and reading order, on papers whose articles' pages and texts are known."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from graphtune.bench.reading.prose import list_prose
from graphtune.bench.reading.words import Words, list_words
from graphtune.errors import DataError
from graphtune.records import Chunk

#: An article is judged for order where it has so many runs of four words of its own.
MIN_RUNS = 20


@dataclass(frozen=True, slots=True)
class Article:
    """A stretch of a paper: its pages (from 1), its words outside formulas, those of its title first."""

    title: str
    page_start: int
    page_end: int
    words: tuple[str, ...]
    title_size: int = 0


def read_articles(folder: Path) -> dict[str, list[Article]]:
    """Read `gold/articles.jsonl`: the articles of each paper, by the stem of its file.

    Raises:
        DataError: the folder has no such file.
    """
    path = folder / "gold" / "articles.jsonl"
    if not path.is_file():
        raise DataError(f"{path} does not exist: this measure needs a folder with known articles")
    articles: dict[str, list[Article]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            title, text = list_prose(row["title"], {}), list_prose(row["text"], {})
            pages = row["page_start"], row["page_end"]
            article = Article(row["title"], *pages, (*title, *text), len(title))
            articles[row["paper"]].append(article)
    return articles


def list_runs(words: Words, size: int) -> list[tuple[str, ...]]:
    """List all runs of `size` words.

    >>> list_runs(["a", "b", "c"], 2)
    [('a', 'b'), ('b', 'c')]
    """
    return [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]


def _keep_prose(text: str) -> list[str]:
    return [word for word in list_words(text) if not word[0].isdigit()]


@dataclass
class PageScore:
    """Pages and order, added up over papers."""

    counts: Counter[str] = field(default_factory=Counter)
    orders: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def judge_pages(self, paper: str, chunks: Iterable[Chunk], articles: Sequence[Article]) -> None:
        """Add the chunks of a paper.

        A chunk holds an article where they share a run of five words, not all of the title (an abstract
        may list titles), that no other article of the paper has. Its pages must be among those of its
        articles. Chunks with fewer than three such runs are only counted.
        """
        owners: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for index, article in enumerate(articles):
            for run in list_runs(article.words, 5)[max(article.title_size - 4, 0) :]:
                owners[run].add(index)
        vocabulary = {word for article in articles for word in article.words}
        for chunk in chunks:
            # Without the "words" of formulas, which would tear the runs.
            runs = list_runs([word for word in list_words(chunk.text) if word in vocabulary], 5)
            owned = [owners[run] for run in runs if len(owners.get(run, ())) == 1]
            held = {index for indices in owned for index in indices}
            if len(owned) < 3:
                self.counts["not judged"] += 1
                continue
            allowed = {
                page
                for index in held
                for page in range(articles[index].page_start, articles[index].page_end + 1)
            }
            is_right = set(range(chunk.page_start, chunk.page_end + 1)) <= allowed
            self.counts["chunks"] += 1
            self.counts["pages right"] += is_right
            if not is_right:
                titles = [articles[index].title for index in sorted(held)]
                self.notes.append(
                    f"{paper}: chunk {chunk.position} on pages {chunk.page_start}–{chunk.page_end}, "
                    f"allowed {sorted(allowed)}, holds {titles}: {chunk.text[:60]!r}"
                )

    def judge_order(
        self, paper: str, text: str, articles: Sequence[Article], is_two_column: bool
    ) -> None:
        """Add the reading order of a paper.

        Judged are runs of four words that occur once in the text and once in the articles; two that
        follow each other in an article must do so in the text.
        """
        words = _keep_prose(text)
        places: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, run in enumerate(list_runs(words, 4)):
            places[run].append(place)
        seen = Counter(run for article in articles for run in list_runs(article.words, 4))
        kind = "two columns" if is_two_column else "one column"
        pairs = right = 0
        for article in articles:
            found = [
                places[run][0]
                for run in list_runs(article.words, 4)
                if seen[run] == 1 and len(places.get(run, ())) == 1
            ]
            if len(found) < MIN_RUNS:
                continue
            good = sum(left < after for left, after in pairwise(found))
            pairs, right = pairs + len(found) - 1, right + good
            self.counts[f"articles, {kind}"] += 1
            if good < len(found) - 1:
                wrong = len(found) - 1 - good
                self.notes.append(
                    f"{paper}: order of {article.title!r}: {wrong} of {len(found) - 1}"
                )
        self.counts[f"pairs, {kind}"] += pairs
        self.counts[f"pairs in order, {kind}"] += right
        if pairs:
            self.orders[paper] = right / pairs

    def list_rows(self) -> list[dict[str, str]]:
        """Return the rows of the table."""
        rows = [("pages of chunks", "pages right", "chunks")]
        rows += [
            (f"reading order, {kind}", f"pairs in order, {kind}", f"pairs, {kind}")
            for kind in ("one column", "two columns")
        ]
        return [
            {
                "": name,
                "share": f"{self.counts[part] / max(self.counts[whole], 1):.4f}",
                "of": f"{self.counts[part]} / {self.counts[whole]}",
            }
            for name, part, whole in rows
        ]
