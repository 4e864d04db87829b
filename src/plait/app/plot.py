"""What a decision looks like: quality against latency, and whether its probabilities hold.

A plot is drawn twice, as an SVG file for a page and as characters for a terminal, from the record
of the decision alone, so it can be drawn at any time and on any machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from plait.core import figure
from plait.core.decision import Decision

WIDTH, HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 24, 44, 52
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.axis{stroke:#8c959f;fill:none}"
    ".guide{stroke:#8c959f;stroke-dasharray:4 4;fill:none}.mark{fill:#57606a}.won{fill:#0969da}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.mark{fill:#9da7b3}.won{fill:#58a6ff}}"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a plot.

    Attributes:
        x: across.
        y: upwards.
        label: what it is; "" for none.
        won: whether it stands out.
    """

    x: float
    y: float
    label: str = ""
    won: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Points on two axes.

    Attributes:
        title: above it.
        across: name of the x axis, with its unit.
        upwards: name of the y axis.
        marks: at least one.
        logarithmic: whether the x axis is.
        square: whether both axes go from 0 to 1 with a diagonal.
    """

    title: str
    across: str
    upwards: str
    marks: Sequence[Mark]
    logarithmic: bool = False
    square: bool = False

    def place(self, mark: Mark) -> tuple[float, float]:
        """Return where a mark lies, both from 0 to 1."""
        (left, right), (low, high) = self.extent
        x = math.log10(mark.x) if self.logarithmic else mark.x
        return (x - left) / (right - left), (mark.y - low) / (high - low)

    @property
    def extent(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The ends of the axes; of a logarithmic one their logarithms."""
        if self.square:
            return (0.0, 1.0), (0.0, 1.0)
        xs = [math.log10(mark.x) if self.logarithmic else mark.x for mark in self.marks]
        return _widened(xs), _widened([mark.y for mark in self.marks])


def pareto(decision: Decision) -> Plot | None:
    """Return quality against latency; None when nothing was measured."""
    marks = [
        Mark(latency, each.score, each.name, each.name == decision.winner)
        for each in decision.standings
        if (latency := each.measurements.get("latency_ms_p95", 0.0)) > 0
    ]
    if not marks:
        return None
    return Plot(
        title=f"{decision.contract}: {decision.metric} against latency",
        across="p95 of one row, ms",
        upwards=decision.metric,
        marks=marks,
        logarithmic=True,
    )


def reliability(decision: Decision) -> Plot | None:
    """Return what the winner's probabilities were worth; None where it gives none."""
    if not decision.reliability:
        return None
    return Plot(
        title=f"{decision.contract}: do the probabilities of {decision.winner} hold?",
        across="probability given",
        upwards="share that came true",
        marks=[Mark(each.probability, each.observed, won=True) for each in decision.reliability],
        square=True,
    )


def svg(plot: Plot) -> str:
    """Return the plot as an SVG file, for light pages and dark."""
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    frame = f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>'
    parts = [_text(_LEFT, 24, plot.title, weight="600"), frame]
    if plot.square:
        parts.append(f'<path class="guide" d="M{_LEFT} {bottom}L{right} {_TOP}"/>')
    (left, far), (low, high) = plot.extent
    ends = [10**left, 10**far] if plot.logarithmic else [left, far]
    parts += [
        _text(_LEFT, bottom + 20, figure.number(ends[0])),
        _text(right, bottom + 20, figure.number(ends[1]), anchor="end"),
        _text((_LEFT + right) / 2, bottom + 38, plot.across, anchor="middle"),
        _text(_LEFT - 8, bottom, figure.score(low), anchor="end"),
        _text(_LEFT - 8, _TOP + 10, figure.score(high), anchor="end"),
        _text(_LEFT + 8, _TOP + 10, plot.upwards),
    ]
    for mark in plot.marks:
        across, up = plot.place(mark)
        x, y = _LEFT + across * (right - _LEFT), bottom - up * (bottom - _TOP)
        kind = "won" if mark.won else "mark"
        parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
        if mark.label:
            end = across > 0.6
            parts.append(_text(x - 9 if end else x + 9, y + 4, mark.label, "end" if end else ""))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(plot.title)}</title><style>{_STYLE}</style>{''.join(parts)}</svg>\n"
    )


def text(plot: Plot, *, width: int = 60, height: int = 12) -> list[str]:
    """Return the plot as lines of characters, at most `width + 10` long.

    The winner is a full dot, others are empty ones; labels stand beside them where there is room.
    """
    cells = [[" "] * width for _ in range(height)]
    if plot.square:
        for column in range(width):
            cells[height - 1 - round(column / (width - 1) * (height - 1))][column] = "·"
    places = [plot.place(mark) for mark in plot.marks]
    dots = [(round(x * (width - 1)), height - 1 - round(y * (height - 1))) for x, y in places]
    drawn = sorted(zip(plot.marks, dots, strict=True), key=lambda each: each[0].won)
    for mark, (column, row) in drawn:
        cells[row][column] = "●" if mark.won else "○"
    for mark, (column, row) in reversed(drawn):  # the winner's label has the room first
        long = len(mark.label)
        for start in (column + 2, column - 1 - long):
            if 0 <= start <= width - long and not "".join(cells[row][start : start + long]).strip():
                cells[row][start : start + long] = list(mark.label)
                break
    (left, far), (low, high) = plot.extent
    ends = [10**left, 10**far] if plot.logarithmic else [left, far]
    names = {0: figure.score(high), height - 1: figure.score(low)}
    lines = [f"{names.get(row, ''):>8} │{''.join(each)}".rstrip() for row, each in enumerate(cells)]
    first, last = (figure.number(each) for each in ends)
    room = max(1, width - len(first) - len(last))
    return [
        f"{plot.upwards}".rjust(9),
        *lines,
        " " * 9 + "└" + "─" * width,
        " " * 10 + first + plot.across.center(room)[:room] + last,
    ]


def _widened(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis that leaves some room on either side."""
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 0.08 * abs(high) or 0.1
    return low - room, high + room


def _text(x: float, y: float, said: str, anchor: str = "", weight: str = "") -> str:
    more = f' text-anchor="{anchor}"' if anchor else ""
    more += f' font-weight="{weight}"' if weight else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(said)}</text>'
