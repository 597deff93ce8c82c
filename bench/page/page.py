"""The page: templates, style, script and data in one file, locked by a content security policy."""

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from graphtune.bench.benchmark import UNLABELLED, hash_benchmark
from graphtune.bench.claims import state_claim
from graphtune.bench.compare import Report
from graphtune.bench.page.cases import collect_cases
from graphtune.bench.page.charts import COLOURS, draw_curve, make_scale
from graphtune.bench.page.points import collect_points
from graphtune.bench.page.rows import Section, collect_sections, describe_cost
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
        provenance: hashes of what was measured, by name; that of the benchmark is added.
    """
    view = view_report(report)
    sections = collect_sections(view)
    cases = collect_cases(view)
    style, script = _read("page.css"), '"use strict";\n{\n' + _read("page.js") + "}\n"
    environment = Environment(
        loader=PackageLoader("graphtune.bench.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _allow_breaks,
        "figure": lambda value: f"{value:.3f}",
        "signed": lambda value: f"{value:+.3f}".replace("-", "−"),
    }
    page = environment.get_template("page.html").render(
        report=report,
        benchmark=report.benchmark,
        view=view,
        sections=sections,
        headline=_find_headline(view, sections),
        scale=make_scale(
            [
                v
                for section in sections
                if section.is_main
                for row in section.rows
                if not row.is_mark
                for v in row.result.ndcg_interval
            ],
            4,
            176,
        ),
        curves=[draw_curve(view, section) for section in sections],
        costs=describe_cost(report),
        claims=[state_claim(claim) for claim in report.claims],
        warnings=[(r.label, warning) for r in report.rankings for warning in r.warnings],
        cases=cases,
        n_colours=COLOURS,
        provenance=sorted(
            {**(provenance or {}), "benchmark": hash_benchmark(report.benchmark)}.items()
        ),
        style=Markup(style),
        style_hash=_hash_source(style),
        script=Markup(script),
        script_hash=_hash_source(script),
        data=Markup(escape_json(collect_points(view, {case.number for case in cases.all}))),
    )
    return _SURROGATE.sub("\ufffd", page)


def _find_headline(view: View, sections: list[Section]) -> Section | None:
    """Return the rows that may be quoted: on queries that training never met, or might have met."""
    main = [section for section in sections if section.is_main]
    unseen = next((section for section in main if section.state == "held out"), None)
    is_unlabelled = [section.part.group for section in main] == [UNLABELLED]
    return unseen or (main[0] if is_unlabelled else None)


def _allow_breaks(name: str) -> Markup:
    """Let long names of models break after a slash."""
    return Markup("/<wbr>").join(name.split("/"))


def _read(name: str) -> str:
    return resources.files("graphtune.bench.page").joinpath(name).read_text(encoding="utf-8")


def _hash_source(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
