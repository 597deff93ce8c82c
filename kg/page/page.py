"""The page: template, style, scripts and data in one file, locked by a content security policy."""

import base64
import hashlib
import html
import json
import re
from importlib import resources
from typing import Any

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.page.rows import collect_rows

SCRIPTS = ("model.js", "drawing.js", "panel.js", "main.js")
LIBRARIES = ("graphology.min.js", "sigma.min.js")
_HOLE = re.compile(r"\{(\w+)\}")
#: What could end a script block or a line of JavaScript, as JSON may also write it.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def render_page(graph: ConceptGraph, title: str = "Concept graph") -> str:
    """Return the graph as one HTML page: search, filters, evidence; it works without a network.

    Its content security policy allows the page's own two scripts and its style, by their hashes, and
    nothing else: no request can leave it. Texts of papers are JSON in a block that is no script, and
    become text nodes, never markup.
    """
    libraries = "/*\n" + _read("vendor", "LICENSES.txt").replace("*/", "* /") + "*/\n"
    # A source map would be a second file.
    libraries += "\n".join(
        re.sub(r"\n//# sourceMappingURL=.*", "", _read("vendor", name)) for name in LIBRARIES
    )
    script = '"use strict";\n{\n' + "\n".join(_read("script", name) for name in SCRIPTS) + "}\n"
    style = _read("page.css")
    values = {
        "title": html.escape(title),
        "style": style,
        "style_hash": _hash_source(style),
        "script_hashes": " ".join(f"'{_hash_source(text)}'" for text in (libraries, script)),
        "libraries": libraries,
        "script": script,
        "data": escape_json(collect_rows(graph)),
    }
    return _HOLE.sub(lambda hole: values[hole[1]], _read("page.html"))


def escape_json(value: Any) -> str:
    r"""Write JSON that can stand inside a script block: it holds no `<`, `>`, `&` or line separator.

    >>> escape_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def _read(*parts: str) -> str:
    return resources.files("graphtune.kg.page").joinpath(*parts).read_text(encoding="utf-8")


def _hash_source(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
