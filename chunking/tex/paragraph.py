"""The paragraph that a LaTeX reader is printing, with its marked spans."""

import re
from dataclasses import dataclass, field

from graphtune.chunking.text import clean_text

_SPACES = re.compile(r"\s+")
#: Emphasis inside more groups than this is not recorded.
_MAX_NESTED = 20


@dataclass(eq=False)
class Group:
    """An open brace: what to print when it closes; where emphasis began inside it, if it did."""

    closing: str = ""
    paragraph: int = 0
    part: int = 0
    start: int = -1


@dataclass
class Paragraph:
    """Collects text; runs of white space become one space. All offsets count from its start."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    count: int = 0
    is_plain: bool = False
    emphasis: list[tuple[int, int]] = field(default_factory=list)
    displays: list[tuple[int, int]] = field(default_factory=list)
    references: list[tuple[int, int, str]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    emphasised: list[Group] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What was printed so far."""
        return "".join(self.parts).rstrip()

    def print(self, text: str) -> None:
        """Append text."""
        text = _SPACES.sub(" ", clean_text(text))
        if text.startswith(" ") and (not self.parts or self.parts[-1].endswith(" ")):
            text = text[1:]
        if text:
            self.parts.append(text)
            self.length += len(text)

    def print_reference(self, text: str, key: str) -> None:
        """Append text that points to the place labelled `key`."""
        start = self.length
        self.print(text)
        self.references.append((start, self.length, key))

    def print_display(self, text: str) -> None:
        """Append a displayed formula."""
        self.print(" ")
        start = self.length
        self.print(text)
        self.displays.append((start, self.length))
        self.print(" ")

    def open_group(self, closing: str = "", *, is_emphasised: bool = False) -> None:
        """Open a brace."""
        self.groups.append(Group(closing))
        if is_emphasised:
            self.emphasise()

    def emphasise(self) -> None:
        """Begin emphasis; it ends with the innermost group."""
        if self.groups and len(self.emphasised) < _MAX_NESTED and not self.is_plain:
            group = self.groups[-1]
            if group.start < 0:
                self.emphasised.append(group)
            group.paragraph, group.part, group.start = self.count, len(self.parts), self.length

    def close_group(self) -> None:
        """Close the innermost brace, if one is open."""
        if self.groups:
            group = self.groups.pop()
            if group.start >= 0:
                self.emphasised.remove(group)
                self._add_emphasis(group)
            self.print(group.closing)

    def _add_emphasis(self, group: Group) -> None:
        is_here = group.paragraph == self.count
        start = group.start if is_here else 0
        text = "".join(self.parts[group.part if is_here else 0 :])
        begin = start + len(text) - len(text.lstrip(" .,;:"))
        end = start + len(text.rstrip(" .,;:"))
        if begin < end and any(map(str.isalpha, text)):
            self.emphasis.append((begin, end))

    def clear(self) -> None:
        """Begin the next paragraph; open groups go on."""
        self.parts, self.length = [], 0
        self.emphasis, self.displays, self.references = [], [], []
        self.count += 1

    def close_emphasis(self) -> None:
        """Record the outermost emphasis that is still open at the end of the paragraph."""
        if self.emphasised:
            self._add_emphasis(self.emphasised[0])
