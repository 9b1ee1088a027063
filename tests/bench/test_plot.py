"""A plot is well-formed SVG whose bars are as long as their values say."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from bench.plot import Plot

_SVG = "{http://www.w3.org/2000/svg}"


def _widths(*values: float) -> list[float]:
    bars = tuple((f"server {number}", value) for number, value in enumerate(values))
    drawn = ET.fromstring(Plot("file", "a title", "µs", bars).svg())
    return [float(bar.attrib["width"]) for bar in drawn.iter(f"{_SVG}rect")]


def test_bars_are_in_proportion() -> None:
    """Twice the value is twice the length."""
    short, long = _widths(5.0, 10.0)
    assert long == 2 * short


def test_one_enormous_bar_does_not_flatten_the_others() -> None:
    """It is cut at four times the median, and its value says how long it would be."""
    bars = (("a", 1.0), ("b", 2.0), ("c", 900.0))
    drawn = Plot("file", "a title", "µs", bars).svg()
    assert "900 µs (bar cut)" in drawn
    a, b, c = _widths(1.0, 2.0, 900.0)
    assert (b / a, round(c / b)) == (2, 4)


def test_names_cannot_break_the_image() -> None:
    """What is written into it is escaped."""
    drawn = Plot("file", "a < b & c", "µs", (("<x>", 1.0),)).svg()
    texts = [text.text for text in ET.fromstring(drawn).iter(f"{_SVG}text")]
    assert texts == ["a < b & c", "<x>", "1.00 µs"]


def test_nothing_to_show_is_no_error() -> None:
    """No bars, or bars of nothing, are still an image."""
    assert _widths() == []
    assert _widths(0.0) == [1.0]
