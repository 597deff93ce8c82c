"""The training curve: development figures and loss by optimizer step, as a picture in SVG."""

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from graphtune.axes import Scale, make_scale
from graphtune.train.records import TrainReport

CURVE_NAME = "training.svg"
#: The drawing areas in units of the view box (460 × 340): both panels, the figures, the loss below.
LEFT, RIGHT = 42, 448
FIGURES, LOSSES = (188, 34), (300, 220)


@dataclass(frozen=True, slots=True)
class DimLine:
    """NDCG@10 at one dimension: places on the picture, and the base's."""

    dim: int
    points: tuple[tuple[float, float], ...]
    base: float
    label: str


def draw_curve(report: TrainReport, is_alone: bool = True) -> str:
    """Return the picture of a run: NDCG@10 at each dimension and loss against optimizer steps.

    The base is step 0, and a dashed line; the step that was kept is marked. The same report gives the
    same text. Alone it is a file with its own colours, light and dark; otherwise a part of a page that
    has the style of `bench/page/page.css`.
    """
    x = make_scale([0, report.steps], LEFT, RIGHT, steps=_list_steps(report.steps))
    y = make_scale([v for row in report.scores for v in row.ndcg.values()], *FIGURES)
    losses = [loss for _, loss in report.losses]
    below = make_scale(losses, *LOSSES, steps=(0.1, 0.2, 0.5, 1, 2, 5, 10, 50))
    return _TEMPLATE.render(
        is_alone=is_alone,
        report=report,
        x=x,
        y=y,
        below=below,
        lines=[_draw_dim(report, dim, x, y) for dim in report.dims if report.scores],
        losses=" ".join(f"{x(step)},{below(loss)}" for step, loss in report.losses),
        description=describe_course(report),
    )


def _list_steps(steps: int) -> list[float]:
    return [digit * 10**power for power in range(len(str(steps))) for digit in (1, 2, 5)]


def _draw_dim(report: TrainReport, dim: int, x: Scale, y: Scale) -> DimLine:
    return DimLine(
        dim=dim,
        points=tuple((x(row.step), y(row.ndcg[dim])) for row in report.scores),
        base=y(report.scores[0].ndcg[dim]),
        label=f"{dim} dimensions",
    )


def describe_course(report: TrainReport) -> str:
    """Return in words what the picture shows, for those who do not see it."""
    if report.losses:
        (first, start), (last, end) = report.losses[0], report.losses[-1]
        loss = f"Loss: {start:.3f} at step {first}, {end:.3f} at step {last}."
    else:
        loss = "No loss was logged."
    rows = {row.step: row.ndcg for row in report.scores}
    if not rows:
        return f"Training of {report.name}. {loss}"
    figures = "; ".join(
        f"at {dim} dimensions {rows[0][dim]:.3f}, then {rows[report.best_step][dim]:.3f}"
        for dim in report.dims
    )
    return (
        f"Training of {report.name}. NDCG@10 on the development queries of the base, then of the model "
        f"kept, step {report.best_step} of {report.steps}: {figures}. {loss}"
    )


_TEMPLATE = Environment(
    loader=PackageLoader("graphtune.train"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("curve.svg")
