"""The small map on a briefing card: shapes in the card's own units, drawn without any network."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_M = 1200.0  # metres across, so that one hotspot alone still shows what lies about it
FAR = 2.5  # a base this many times farther off than the hotspots are apart is left off the map
MOST_STREETS = 600  # drawn on one card, the quickest first: a map of a county is no map
_EDGE = 22.0  # clear margin about what must be seen, in the card's units
_PILL = 8.5  # half the height of a number's mark

_FILLS = {"lpt": "#ffffff", "other": "#dde2ea", "visited": "#f6cdb4"}
_STROKES = {"lpt": "#7d8896", "other": "#b3bcc8", "visited": "#b3400e"}
_INK, _ROUTE, _GROUND, _STREET = "#12355b", "#12355b", "#eef1f5", "#c3cad4"


@dataclass
class Shapes:
    """What to draw, in units of the card: x to the right, y down.

    ``areas`` are (kind, rings), ``streets`` lines to find one's way by, ``route`` the ways in
    order, ``marks`` (x, y, text) of numbers, ``leaders`` thin lines from a moved mark to its
    place, ``base`` where tours begin and end, and ``bar`` the length of the scale bar with its
    words.
    """

    width: float
    height: float
    areas: list[tuple[str, list[Floats]]] = field(default_factory=list)
    streets: list[Floats] = field(default_factory=list)
    route: list[Floats] = field(default_factory=list)
    leaders: list[Floats] = field(default_factory=list)
    marks: list[tuple[float, float, str]] = field(default_factory=list)
    base: list[tuple[float, float]] = field(default_factory=list)
    bar: tuple[float, str] = (0.0, "")


def card_map(
    outline: Any, areas: dict[str, Any], stops: Sequence[str], ways: Sequence[Sequence[Any]],
    width: float, height: float, roads: Any = None, mode: str = "foot",
) -> Shapes:  # fmt: skip
    """Lay out the map of one card.

    Parameters
    ----------
    outline : shapely geometry or None
        The LPT.
    areas : dict of str to shapely geometry
        Every hotspot of the LPT by its id.
    stops : sequence of str
        Ids of the hotspots visited, in order; one may come twice.
    ways : sequence of sequences
        Each way out from base and back: ids of hotspots and (x, y) of bases, in order.
    width, height : float
        Of the map in the card's units.
    roads : Roads, optional
        What the plan travels by, as ``read_roads`` gives it: its streets are drawn, and the way
        along them.
    mode : {"foot", "cycle", "vehicle"}
        How the unit moves.

    Returns
    -------
    Shapes
        North is up. Without roads the route is straight lines between the places.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> shapes = card_map(box(0, 0, 5000, 5000), {"H1": box(900, 900, 1100, 1100)}, ["H1", "H1"],
    ...                   [[(500, 500), "H1", (500, 500)]], 300, 180)
    >>> [text for _, _, text in shapes.marks], shapes.bar[1]
    (['1, 2'], '500 m')
    """
    import shapely

    points = {key: shapely.get_coordinates(shapely.point_on_surface(areas[key]))[0]
              for key in dict.fromkeys(stops)}  # fmt: skip
    bases = [tuple(p) for way in ways for p in way if not isinstance(p, str)]
    bases = [p for p in dict.fromkeys(bases) if np.isfinite(p).all()]
    seen = np.array([shapely.bounds(areas[key]) for key in points]).reshape(2 * len(points), 2)
    reach = max(float(np.ptp(seen, axis=0).max()), LEAST_M)
    middle = seen.mean(axis=0)
    near = [p for p in bases if math.dist(p, middle) <= FAR * reach]
    seen = np.vstack([seen, *near]) if near else seen
    at = _Frame(seen, width, height)
    shapes = Shapes(width, height, bar=at.bar())
    if outline is not None:
        shapes.areas.append(("lpt", at.rings(outline)))
    others = [area for key, area in areas.items() if key not in points]
    shapes.areas += [("other", rings) for area in others if (rings := at.rings(area))]
    shapes.areas += [("visited", at.rings(areas[key])) for key in points]
    for way in ways:
        corners = [points[p] if isinstance(p, str) else p for p in way]
        kept = np.array([c for c in corners if np.isfinite(c).all()], dtype=np.float64)
        if len(kept) > 1:
            if roads is not None:
                kept = np.concatenate(roads.paths(kept[:-1], kept[1:], mode))
            shapes.route += at.lines(shapely.linestrings(kept))
    if roads is not None:
        shapes.streets = at.streets(roads.stretches)
    shapes.base = [(float(x), float(y)) for x, y in (at(np.array([p]))[0] for p in near)]
    numbers = {key: [str(n) for n, stop in enumerate(stops, 1) if stop == key] for key in points}
    texts = [", ".join(numbers[key]) for key in points]
    places = at(np.array(list(points.values())))
    wide = np.array([half_width(text) for text in texts])
    moved = _apart(places, wide, np.array(shapes.base).reshape(-1, 2), width, height)
    for place, mark, text in zip(places, moved, texts, strict=True):
        shapes.marks.append((float(mark[0]), float(mark[1]), text))
        if math.dist(place, mark) > _PILL:
            shapes.leaders.append(np.array([place, mark]))
    return shapes


class _Frame:
    """Metres to the card's units: true proportions, north up, what must be seen in the middle."""

    def __init__(self, seen: Floats, width: float, height: float) -> None:
        low, high = seen.min(axis=0), seen.max(axis=0)
        across = np.maximum(high - low, LEAST_M)
        self.scale = float(min((width - 2 * _EDGE) / across[0], (height - 2 * _EDGE) / across[1]))
        self.middle, self.half = (low + high) / 2, np.array([width, height]) / 2

    def __call__(self, metres: Floats) -> Floats:
        found: Floats = (metres - self.middle) * self.scale * np.array([1.0, -1.0]) + self.half
        return found

    def shown(self, shapes: Any) -> Any:
        """Return the parts of shapes that the map shows, without needless corners."""
        import shapely

        reach = (self.half + 4) / self.scale
        cut = shapely.clip_by_rect(shapes, *(self.middle - reach), *(self.middle + reach))
        return shapely.get_parts(shapely.simplify(cut, 0.4 / self.scale))

    def lines(self, shapes: Any) -> list[Floats]:
        """Return lines as far as the map shows them."""
        import shapely

        return [self(shapely.get_coordinates(part)) for part in self.shown(shapes)
                if part.geom_type == "LineString" and not part.is_empty]  # fmt: skip

    def streets(self, stretches: Any) -> list[Floats]:
        """Return the streets within the map, the quickest first where there are too many."""
        import shapely

        reach = self.half / self.scale
        near = stretches.sindex.query(shapely.box(*(self.middle - reach), *(self.middle + reach)))
        near = np.sort(near)
        if len(near) > MOST_STREETS:
            speed = stretches["kmh"].to_numpy()[near]
            near = near[np.argsort(-speed, kind="stable")[:MOST_STREETS]]
        return self.lines(stretches.geometry.to_numpy()[near])

    def rings(self, area: Any) -> list[Floats]:
        """Return the rings of an area as far as the map shows them."""
        import shapely

        parts = [part for part in self.shown(area) if part.geom_type == "Polygon"]
        lines = [ring for p in parts for ring in (p.exterior, *p.interiors)]
        return [self(shapely.get_coordinates(line)) for line in lines]

    def bar(self) -> tuple[float, str]:
        """Return the length of the scale bar, a round number of metres, and its words."""
        most = 70 / self.scale
        step = 10.0 ** math.floor(math.log10(most))
        metres = next(step * k for k in (5, 2, 1) if step * k <= most)
        words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
        return metres * self.scale, words


def half_width(text: str) -> float:
    """Return half the width of the mark that holds a text."""
    return max(_PILL, 2.9 * len(text) + 4)


def _apart(places: Floats, wide: Floats, fixed: Floats, width: float, height: float) -> Floats:
    """Move marks that cover one another, or a base, apart and into the map."""
    marks, wide = np.vstack([places, fixed]), np.append(wide, np.full(len(fixed), _PILL))
    inside = np.array([wide + 2, np.full(len(wide), _PILL + 2)]).T
    for _ in range(60):
        gap = marks[:, None, :] - marks[None, :, :]
        need = np.stack([wide[:, None] + wide[None, :] + 2,
                         np.full((len(wide), len(wide)), 2 * _PILL + 2)], axis=2)  # fmt: skip
        over = need - np.abs(gap)
        hit = (over > 0).all(axis=2) & ~np.eye(len(marks), dtype=bool)
        if not hit.any():
            break
        # along the axis that takes less; equal places part by their order
        order = np.sign(np.arange(len(marks))[:, None] - np.arange(len(marks))[None, :])
        side = np.where(gap == 0, order[:, :, None], np.sign(gap))
        less = over[:, :, 1] <= over[:, :, 0]
        push = np.stack([~less, less], axis=2) * side * over / 2
        marks = marks + np.where(hit[:, :, None], push, 0.0).sum(axis=1)
        marks = np.clip(marks, inside, np.array([width, height]) - inside)
        marks[len(places) :] = fixed
    return marks[: len(places)]


def svg(shapes: Shapes, alt: str) -> str:
    """Write the map as an SVG element.

    Parameters
    ----------
    shapes : Shapes
    alt : str
        What the map shows, for those who cannot see it.

    Returns
    -------
    str
    """
    parts = [
        f'<path class="{kind}" d="{_path(rings)}" fill="{_FILLS[kind]}" '
        f'stroke="{_STROKES[kind]}" fill-rule="evenodd"/>'
        for kind, rings in shapes.areas if rings
    ]  # fmt: skip
    if shapes.streets:  # over the ground, under the hotspots
        first = sum(kind == "lpt" for kind, rings in shapes.areas if rings)
        parts.insert(first, f'<path d="{_path(shapes.streets, close=False)}" fill="none" '
                            f'stroke="{_STREET}"/>')  # fmt: skip
    parts += [f'<path d="{_path([way], close=False)}" fill="none" stroke="{_ROUTE}" '
              'stroke-width="1.5" stroke-dasharray="4 3"/>' for way in shapes.route]  # fmt: skip
    parts += [f'<path d="{_path([line], close=False)}" fill="none" stroke="{_INK}" '
              'stroke-width=".7"/>' for line in shapes.leaders]  # fmt: skip
    parts += [f'<rect x="{x - 6:.1f}" y="{y - 6:.1f}" width="12" height="12" fill="#fff" '
              f'stroke="{_INK}" stroke-width="1.6"/><text x="{x:.1f}" y="{y + 3.4:.1f}" '
              f'fill="{_INK}">B</text>' for x, y in shapes.base]  # fmt: skip
    for x, y, text in shapes.marks:
        wide = half_width(text)
        parts.append(
            f'<rect x="{x - wide:.1f}" y="{y - _PILL:.1f}" width="{2 * wide:.1f}" '
            f'height="{2 * _PILL:g}" rx="{_PILL:g}" fill="{_INK}" stroke="#fff"/>'
            f'<text x="{x:.1f}" y="{y + 3.6:.1f}" fill="#fff">{html.escape(text)}</text>'
        )
    length, words = shapes.bar
    foot, end = shapes.height - 8, shapes.width - 10
    parts.append(
        f'<path d="M10 {foot - 4:g}v4h{length:.1f}v-4" fill="none" stroke="{_INK}"/>'
        f'<text x="{14 + length:.1f}" y="{foot:g}" fill="{_INK}" style="text-anchor:start">'
        f"{words}</text>"
        f'<path d="M{end:g} {foot:g}v-18m-4 6l4 -6l4 6" fill="none" stroke="{_INK}"/>'
        f'<text x="{end - 11:g}" y="{foot:g}" fill="{_INK}">N</text>'
    )
    return (
        f'<svg class="map" viewBox="0 0 {shapes.width:g} {shapes.height:g}" role="img" '
        f'aria-label="{html.escape(alt)}" xmlns="http://www.w3.org/2000/svg">'
        f'<rect width="100%" height="100%" fill="{_GROUND}"/>{"".join(parts)}</svg>'
    )


def _path(rings: Sequence[Floats], close: bool = True) -> str:
    parts = []
    for ring in rings:
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in ring)
        parts.append(f"M{steps}{'Z' if close else ''}")
    return "".join(parts)


def drawing(shapes: Shapes) -> Any:
    """Return the map as what reportlab can lay out, cut at its frame.

    Parameters
    ----------
    shapes : Shapes

    Returns
    -------
    reportlab.platypus.Flowable
    """
    from reportlab.graphics import renderPDF
    from reportlab.platypus import Flowable

    class Picture(Flowable):  # type: ignore[misc]  # reportlab has no types
        """The map; a drawing by itself does not cut off what runs over its edge."""

        def wrap(self, *_: float) -> tuple[float, float]:
            return shapes.width, shapes.height

        def draw(self) -> None:
            edge = self.canv.beginPath()
            edge.rect(0, 0, shapes.width, shapes.height)
            self.canv.clipPath(edge, stroke=0, fill=0)
            renderPDF.draw(_picture(shapes), self.canv, 0, 0)

    return Picture()


def _picture(shapes: Shapes) -> Any:
    from reportlab.graphics.shapes import Drawing, Path, PolyLine, Rect, String
    from reportlab.lib.colors import HexColor as colour  # noqa: N813  # a function in all but name

    tall = shapes.height
    picture = Drawing(shapes.width, tall)
    picture.add(Rect(0, 0, shapes.width, tall, fillColor=colour(_GROUND), strokeColor=None))

    def lay(lines: list[Floats], ink: str, wide: float, dash: list[int] | None = None) -> None:
        for line in lines:
            picture.add(PolyLine([v for x, y in line for v in (x, tall - y)],
                                 strokeColor=colour(ink), strokeWidth=wide,
                                 strokeDashArray=dash))  # fmt: skip

    streets = shapes.streets
    for kind, rings in shapes.areas:
        if kind != "lpt":
            lay(streets, _STREET, 0.7)
            streets = []
        path = Path(fillColor=colour(_FILLS[kind]), strokeColor=colour(_STROKES[kind]),
                    strokeWidth=0.8, fillMode=0)  # fmt: skip
        for ring in rings:
            path.moveTo(ring[0, 0], tall - ring[0, 1])
            for x, y in ring[1:]:
                path.lineTo(x, tall - y)
            path.closePath()
        if rings:
            picture.add(path)
    lay(shapes.route, _ROUTE, 1.3, [4, 3])
    lay(shapes.leaders, _INK, 0.6)

    def word(x: float, y: float, text: str, ink: str, anchor: str = "middle") -> Any:
        return String(x, tall - y, text, fontName="DejaVuSans-Bold", fontSize=8.5,
                      fillColor=colour(ink), textAnchor=anchor)  # fmt: skip

    for x, y in shapes.base:
        picture.add(Rect(x - 6, tall - y - 6, 12, 12, fillColor=colour("#ffffff"),
                         strokeColor=colour(_INK), strokeWidth=1.4))  # fmt: skip
        picture.add(word(x, y + 3.1, "B", _INK))
    for x, y, text in shapes.marks:
        wide = half_width(text)
        picture.add(Rect(x - wide, tall - y - _PILL, 2 * wide, 2 * _PILL, rx=_PILL, ry=_PILL,
                         fillColor=colour(_INK), strokeColor=colour("#ffffff")))  # fmt: skip
        picture.add(word(x, y + 3.2, text, "#ffffff"))
    length, words = shapes.bar
    end = shapes.width - 10
    picture.add(PolyLine([10, 12, 10, 8, 10 + length, 8, 10 + length, 12],
                         strokeColor=colour(_INK)))  # fmt: skip
    picture.add(word(14 + length, tall - 8, words, _INK, "start"))
    picture.add(PolyLine([end, 8, end, 26], strokeColor=colour(_INK)))
    picture.add(PolyLine([end - 4, 20, end, 26, end + 4, 20], strokeColor=colour(_INK)))
    picture.add(word(end - 11, tall - 8, "N", _INK))
    return picture
