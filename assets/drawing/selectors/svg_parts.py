"""Parts of SVG drawings. Built as a tree, so that every name in them is text and never markup."""

import re
from typing import Any
from xml.etree import ElementTree as Xml

FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
# Characters that XML 1.0 cannot hold in any form.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(width: float, height: float, title: str) -> Xml.Element:
    """An empty drawing of a size in pixels, on white, named for readers."""
    svg = Xml.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width:g} {height:g}",
            "width": f"{width:g}",
            "height": f"{height:g}",
            "font-family": FONT,
            "font-size": "12",
            "fill": "#1d2430",
            "role": "img",
        },
    )
    Xml.SubElement(svg, "title").text = _shown(title)
    add(svg, "rect", width=width, height=height, fill="#ffffff")
    return svg


def add(parent: Xml.Element, tag: str, **attributes: Any) -> Xml.Element:
    """A new element; numbers are written with two decimals."""
    return Xml.SubElement(
        parent,
        tag,
        {
            name: f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else _shown(str(value))
            for name, value in attributes.items()
        },
    )


def text(
    parent: Xml.Element,
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: int = 12,
    weight: str = "normal",
    fill: str = "#1d2430",
) -> Xml.Element:
    """A line of text with its baseline at y."""
    element = add(parent, "text", x=float(x), y=float(y), fill=fill)
    element.set("text-anchor", anchor)
    element.set("font-size", str(size))
    element.set("font-weight", weight)
    element.text = _shown(words)
    return element


def _shown(words: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", words)
