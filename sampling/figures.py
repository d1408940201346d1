"""Plots for pages that stand alone: SVG that is put into the page itself, one look for all of them."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that stay apart for the colour-blind and in grey (Okabe and Ito 2008).
BEFORE = "#8a949b"
AFTER = "#0072b2"
ALERT = "#d55e00"
BAND = "#d9dee2"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
INK = "#1d2422"
SOFT = "#5a645f"

_LOOK: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "grid.color": "#e4e7e0",
    "grid.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    # As text: it can be selected and read aloud, and takes a tenth of the room of outlines.
    "svg.fonttype": "none",
    "svg.hashsalt": "figures",
}


def plot(width: float = 7.2, height: float = 3.0, *, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """An empty figure in the common look, sizes in inches, with its axes: one, or an array (rows, columns)."""
    # Without pyplot, which would keep every figure and pick a window system.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_LOOK):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=rows == columns == 1)
    return figure, axes


def shares(axis: Any, language: str) -> None:
    """Ticks of a matplotlib axis as percentages, written as the language does; to be called when all is drawn."""
    from matplotlib.ticker import FuncFormatter

    low, high = axis.get_view_interval()
    digits = 0 if high - low >= 0.05 else 1 if high - low >= 0.005 else 2
    axis.set_major_formatter(FuncFormatter(lambda share, _place: percent(share, language, digits=digits)))


def percent(share: float, language: str, *, digits: int | None = None) -> str:
    """With ``digits`` decimals, or as many as the share needs to be told from zero."""
    if digits is None:
        digits = 0 if abs(share * 100 - round(share * 100)) < 1e-9 else 1 if abs(share) >= 0.001 else 2
    text = f"{100 * share:.{digits}f} %"
    return text.replace(".", ",") if language == "fr" else text


def quiet(axes: Axes) -> None:
    """No ticks and no line on the axis of names; light lines across the other."""
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def svg(figure: Figure, *, name: str, title: str, description: str) -> str:
    """The figure as an ``<svg>`` element to be put into a page.

    ``name`` (letters, digits, hyphens) keeps its ids apart from those of other figures in the page; title and
    description are read aloud in its place. The same figure gives the same bytes.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context(_LOOK):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    # A style sheet inside an SVG would hold for the whole page.
    drawn = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", drawn)
    opening, rest = drawn.split(">", 1)
    opening = re.sub(r' (?:width|height)="[^"]*"', "", opening)
    width = figure.get_size_inches()[0]
    told = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    labelled = f' role="img" aria-labelledby="{name}-title {name}-desc" style="width:100%;max-width:{width:.2f}in"'
    return f"{opening}{labelled}>{told}{rest}".strip()
