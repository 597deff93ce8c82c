"""Where concepts stand on the page: a force-directed layout, the same for the same graph."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.float64]
Indices = NDArray[np.intp]

#: The angle between two neighbours on a sunflower, which fills a disc evenly (Vogel 1979).
_GOLDEN = np.pi * (3 - np.sqrt(5))
_STEPS = 250
#: Distances within which nodes push each other one by one.
_NEAR = 4.0


def lay_out_graph(
    groups: Sequence[Sequence[int]],
    edges: Sequence[tuple[int, int]],
    rings: Sequence[Sequence[int]] = (),
) -> Points:
    """Return a point in the plane for each node, shape (nodes, 2).

    `groups` are the communities, which start apart; forces then move their nodes: edges pull, near
    nodes push each other, and far ones push as the centre of their community. The forces are those
    of ForceAtlas2 (Jacomy et al. 2014) in its LinLog mode, with communities in place of a Barnes-Hut
    tree. The nodes of each of the `rings` stand in circles around the others, in the order given.

    >>> lay_out_graph([[0, 1], [2]], [(0, 1)], [[3]]).shape
    (4, 2)
    """
    count = sum(map(len, groups)) + sum(map(len, rings))
    points = np.zeros((count, 2))
    member = np.array([node for group in groups for node in group], dtype=np.intp)
    reach = 0.0
    if len(member):
        place = np.full(count, -1)
        place[member] = np.arange(len(member))
        inner = place[np.array(edges, dtype=np.intp).reshape(-1, 2)]
        label = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        moved = _move_points(_start_points(groups), label, inner[(inner >= 0).all(axis=1)])
        points[member] = moved - (moved.min(axis=0) + moved.max(axis=0)) / 2
        reach = float(np.sqrt((points[member] ** 2).sum(axis=1)).max())
    for ring in rings:
        points[np.array(ring, dtype=np.intp)], reach = _make_circles(len(ring), reach + 3)
    return points.round(3)


def _make_circles(count: int, radius: float, gap: float = 1.3) -> tuple[Points, float]:
    """Return points at least this far apart, evenly on circles from `radius` on, and their reach."""
    rows: list[Points] = [np.empty((0, 2))]
    while count > 0:
        here = min(count, max(6, int(2 * np.pi * radius / gap)))
        angle = 2 * np.pi * np.arange(here) / here
        rows.append(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1))
        count, radius = count - here, radius + gap
    return np.concatenate(rows), radius


def _make_sunflower(count: int) -> Points:
    number = np.arange(count)
    radius = np.sqrt(number + 0.5)
    angle = number * _GOLDEN
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _start_points(groups: Sequence[Sequence[int]]) -> Points:
    """Put each community on a disc of its own, the discs on a larger sunflower."""
    sizes = np.array([len(group) for group in groups])
    distance = 2.0 * np.sqrt(np.cumsum(sizes) - sizes[0])[:, None]
    angle = np.arange(len(groups)) * _GOLDEN
    centres = distance * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    discs = [centre + _make_sunflower(size) for centre, size in zip(centres, sizes, strict=True)]
    return np.concatenate(discs)


def _move_points(points: Points, label: Indices, edges: Indices) -> Points:
    count = len(points)
    sizes = np.bincount(label).astype(float)
    degree = np.bincount(edges.ravel(), minlength=count).astype(float)
    ends = degree[edges]
    # The end with fewer edges moves more, so that hubs stay where all their edges hold them.
    share = ends[:, ::-1] / ends.sum(axis=1, keepdims=True)
    strength = 1 / np.sqrt(ends.min(axis=1))
    radius = 0.45 + 0.2 * np.sqrt(degree)
    for step in range(_STEPS):
        heat = (1 - step / _STEPS) ** 2 + 0.02
        centres = _add_up(points, label, len(sizes)) / sizes[:, None]
        apart = points[:, None] - centres[None]
        squares = (apart**2).sum(axis=2) + sizes[None]
        force = 0.12 * (apart * (sizes[None] / squares)[..., None]).sum(axis=1) - 0.03 * points
        pull = points[edges[:, 1]] - points[edges[:, 0]]
        length = np.sqrt((pull**2).sum(axis=1)) + 1e-9
        pull *= (strength * np.log1p(length) / length)[:, None]
        force += _add_up(pull * share[:, :1], edges[:, 0], count)
        force -= _add_up(pull * share[:, 1:], edges[:, 1], count)
        length = np.sqrt((force**2).sum(axis=1, keepdims=True)) + 1e-9
        points = points + force * np.minimum(1.0, np.sqrt(count) / 10 * heat / length)
        points = points + _push_near(points, radius, heat)
    return points


def _push_near(points: Points, radius: NDArray[np.float64], heat: float) -> Points:
    """Return how far each point goes away from those near it; overlaps are halved at once."""
    near = cKDTree(points).query_pairs(_NEAR, output_type="ndarray")
    left, right = near[:, 0], near[:, 1]
    apart = points[left] - points[right]
    length = np.sqrt((apart**2).sum(axis=1)) + 1e-3
    overlap = np.maximum(0.0, radius[left] + radius[right] - length)
    push = apart * ((0.25 * overlap + 0.1 * heat / length) / length)[:, None]
    return _add_up(push, left, len(points)) - _add_up(push, right, len(points))


def _add_up(values: Points, target: Indices, count: int) -> Points:
    return np.stack([np.bincount(target, values[:, axis], count) for axis in (0, 1)], axis=1)
