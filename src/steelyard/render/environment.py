"""Jinja as reports need it: everything escaped and made visible, nothing fetched."""

import hashlib
from base64 import b64encode
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from steelyard.evidence.predicates.audit import withheld
from steelyard.evidence.value import Estimate
from steelyard.render import text, words

LONGEST = 4_000
"""Characters of any one value, where a template asks for no tighter cut."""


def page(template: str, **values: Any) -> str:
    """An HTML page whose every value is escaped, and whose style the CSP names by digest."""
    jinja = _environment()
    loader = jinja.loader
    assert loader is not None  # noqa: S101 (given to the constructor below)
    style = loader.get_source(jinja, "style.css")[0]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return jinja.get_template(template).render(
        style=Markup(style),  # noqa: S704 (our own file, without a value in it)
        style_digest=Markup(digest),  # noqa: S704 (base64)
        **values,
    )


@cache
def _environment() -> Environment:
    jinja = Environment(
        loader=PackageLoader("steelyard.render", "pages"),
        autoescape=select_autoescape(("html",)),
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters.update(
        cut=text.cut,
        oneline=text.line,
        withheld=withheld,
        percent=words.percent,
        interval=words.interval,
        size=size,
    )
    jinja.globals.update(words=words, place=place, remaining=remaining, width=width)
    jinja.tests["measured"] = lambda figure: isinstance(figure, Estimate)
    return jinja


def size(count: int) -> str:
    """Bytes for people.

    >>> size(98362432)
    '98.4 MB'
    """
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 (SI prefixes)
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"


def place(value: float, unit: str) -> str:
    """Where a figure stands on a track, as a percentage of its width.

    >>> place(0.25, "fraction"), place(0.0, "points"), place(7, "fraction")
    ('25.00%', '50.00%', '100.00%')
    """
    share = (value + 1) / 2 if unit == "points" else value
    return f"{min(max(share, 0.0), 1.0):.2%}"


def remaining(value: float, unit: str) -> str:
    """Width from `value` to the end of a track."""
    return f"{100 - float(place(value, unit).rstrip('%')):.2f}%"


def width(figure: Estimate, unit: str) -> str:
    """Width of an interval on a track."""
    low, high = (float(place(end, unit).rstrip("%")) for end in (figure.low, figure.high))
    return f"{high - low:.2f}%"


def _visible(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return text.shown(text.cut(value, LONGEST))
