from reports import make_report

from graphtune.bench.costs import describe_costs, render_costs
from graphtune.bench.table import render_table


def test_costs_are_a_table_of_their_own_and_unknown_ones_are_no_zeros():
    report = make_report()
    costs = render_costs(describe_costs(report))
    assert costs.splitlines()[4].split()[-4:] == ["384", "0.01", "1.5", "2.2"]
    assert "1.5" not in render_table(report).replace("1.500", "")
    assert render_costs([]) == ""
    unknown = {**describe_costs(report)[0], "build_seconds": None}
    assert "–" in render_costs([unknown]).splitlines()[4]
