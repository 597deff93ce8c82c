"""The page: templates, style, script and data in one file, locked by a content security policy."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from graphtune.axes import Scale, make_scale
from graphtune.bench.claims import state_claim
from graphtune.bench.compare import Report
from graphtune.bench.page.cases import collect_cases
from graphtune.bench.page.charts import COLOURS, draw_curve
from graphtune.bench.page.points import collect_points
from graphtune.bench.page.rows import Section, collect_sections, describe_cost, pair_protocols
from graphtune.bench.page.view import View, view_report
from graphtune.kg.page.page import escape_json

_SURROGATE = re.compile("[\ud800-\udfff]")


def render_page(report: Report, provenance: Mapping[str, str] | None = None) -> str:
    """Return a report as one HTML page: table, curves, queries one by one; it works without a network.

    Its content security policy allows the page's own script and style, by their hashes, and nothing
    else: no request can leave it. Texts of papers and queries are escaped by the templates, or are
    JSON in a block that is no script and become text nodes. Lone surrogates, which UTF-8 cannot hold,
    become U+FFFD. Same report, same text.

    Args:
        report: a comparison, with its rankings.
        provenance: hashes of what was measured, by name.
    """
    view = view_report(report)
    sections = collect_sections(view)
    cases = collect_cases(view)
    style, script = _read("page.css"), '"use strict";\n{\n' + _read("page.js") + "}\n"
    page = (
        _make_environment()
        .get_template("page.html")
        .render(
            report=report,
            benchmark=report.benchmark,
            view=view,
            sections=sections,
            scale=_scale_table(sections),
            curves=[draw_curve(view, section) for section in sections],
            costs=describe_cost(report),
            claims=_list_claims(view, is_full=True),
            narrow_claims=_list_claims(view, is_full=False),
            state_claim=state_claim,
            warnings=[(r.label, warning) for r in report.rankings for warning in r.warnings],
            protocols=pair_protocols(view, sections),
            courses=[
                (name, Markup(svg), text) for name, (svg, text) in report.training.curves.items()
            ],
            cases=cases,
            n_colours=COLOURS,
            provenance=sorted((provenance or {}).items()),
            style=Markup(style),
            style_hash=_hash_source(style),
            script=Markup(script),
            script_hash=_hash_source(script),
            data=Markup(escape_json(collect_points(view, {case.number for case in cases.all}))),
        )
    )
    return _SURROGATE.sub("\ufffd", page)


def _make_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("graphtune.bench.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _allow_breaks,
        "thousands": lambda number: f"{number:,}",
        "figure": lambda value: f"{value:.3f}",
        "signed": lambda value: f"{value:+.3f}".replace("-", "−"),
    }
    return environment


def _scale_table(sections: Sequence[Section]) -> Scale:
    """Return the scale of the table's charts: it holds the intervals of whole groups."""
    rows = [row for section in sections if section.is_main for row in section.rows]
    ends = [end for row in rows if not row.is_mark for end in row.result.ndcg_interval]
    return make_scale(ends, 4, 176, steps=(0.05,))


def _list_claims(view: View, is_full: bool) -> list[tuple[str, bool]]:
    """Return what is claimed of systems at full width, or at other widths, and whether it holds."""
    full = {view.report.rankings[place].label for place in view.widest}
    return [
        (state_claim(claim), claim.holds)
        for claim in view.report.claims
        if (claim.ours in full) == is_full
    ]


def _allow_breaks(name: str) -> Markup:
    """Let long names of models break after a slash."""
    return Markup("/<wbr>").join(name.split("/"))


def _read(name: str) -> str:
    return resources.files("graphtune.bench.page").joinpath(name).read_text(encoding="utf-8")


def _hash_source(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
