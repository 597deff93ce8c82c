"""LaTeX's counters: the numbers that sections and statements are printed with."""

import re
from collections import Counter

from graphtune.bench.reading.prose import read_group

_NEW_THEOREM = re.compile(
    r"\\newtheorem(?P<star>\*?)\s*\{(?P<env>[^{}]+)\}\s*(?:\[(?P<shared>[^\]]+)\])?\s*"
    r"\{(?P<label>[^{}]*)\}\s*(?:\[(?P<within>[^\]]+)\])?"
)


class Numbers:
    """The counters of one paper, as far as statements need them.

    `kinds` gives the label and the counter ("" for none) of each environment.
    """

    def __init__(self, preamble: str) -> None:
        has_chapters = re.search(r"\\documentclass(\[[^\]]*\])?\{(book|report|amsbook)", preamble)
        self.values: Counter[str] = Counter()
        self.looks = {
            "section": r"\thechapter.\arabic{section}" if has_chapters else r"\arabic{section}",
            "chapter": r"\arabic{chapter}",
            "subsection": r"\thesection.\arabic{subsection}",
            "subsubsection": r"\thesubsection.\arabic{subsubsection}",
        }
        self.within = {"subsection": "section", "subsubsection": "subsection"}
        if has_chapters:
            self.within["section"] = "chapter"
        self.kinds: dict[str, tuple[str, str]] = {}  # environment → (label, counter)
        for match in _NEW_THEOREM.finditer(preamble):
            env, label = match["env"], match["label"]
            counter = "" if match["star"] else match["shared"] or env
            self.kinds[env] = (label, counter)
            if counter == env:
                self._add(env, match["within"] or "")
        for match in re.finditer(r"\\numberwithin\{(\w+)\}\{(\w+)\}", preamble):
            self._add(match[1], match[2])
        for match in re.finditer(r"\\renewcommand\{?\\the(\w+)\}?\s*(?=\{)", preamble):
            self.looks[match[1]] = read_group(preamble, match.end())[0]

    def _add(self, counter: str, within: str) -> None:
        self.looks[counter] = (rf"\the{within}." if within else "") + rf"\arabic{{{counter}}}"
        if within:
            self.within[counter] = within

    def step(self, counter: str) -> str:
        """Count on, set back what is counted within, and return the number as printed."""
        self.values[counter] += 1
        self._reset(counter)
        return self.render(rf"\the{counter}")

    def _reset(self, counter: str) -> None:
        for inner, outer in self.within.items():
            if outer == counter:
                self.values[inner] = 0
                self._reset(inner)

    def render(self, look: str) -> str:
        r"""Return what a definition such as `\thesection.\arabic{theorem}` prints."""
        for _ in range(5):
            look = re.sub(r"\\the(\w+)", lambda m: self.looks.get(m[1], ""), look)
        look = re.sub(
            r"\\(arabic|Alph|alph|Roman|roman)\s*\{(\w+)\}",
            lambda m: _show(self.values[m[2]], m[1]),
            look,
        )
        return re.sub(r"\\[A-Za-z]+|[{}\s]", "", look)


def _show(value: int, style: str) -> str:
    if style == "arabic" or value < 1:
        return str(value)
    letter = chr(64 + value)
    if style.lower() == "roman":
        units = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
        letter = "X" * (value // 10) + units[value % 10]
    return letter if style[0].isupper() else letter.lower()
