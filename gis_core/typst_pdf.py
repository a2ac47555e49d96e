"""Printed forms: a Typst template and its data made a PDF."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typst


def pdf_of(template: Path, data: Any, *, made_at: datetime | None = None, is_bulk: bool = False) -> bytes:
    """The template filled with `data` (it reads them as JSON from `sys.inputs.data`), without the machine's own fonts.

    `made_at` is the date that the document says it is of; with it the same data give the same bytes. One made in bulk,
    to be printed, leaves out the structure for screen readers, which is nine tenths of a file of forms.
    """
    content = typst.compile(
        template,
        root=template.parent,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_tags=not is_bulk,
        timestamp=None if made_at is None else int(made_at.timestamp()),
    )
    assert isinstance(content, bytes)
    return content
