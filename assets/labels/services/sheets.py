"""Sheets of QR labels as a PDF. The data go to labels.typ as JSON, so no code is ever read as markup."""

from collections.abc import Sequence
from pathlib import Path

from django.utils import translation
from django.utils.translation import gettext as _

from assets.labels.selectors.labelled import LabelledElement
from assets.models import Network, NodeKind
from gis_core.qr_codes import qr_svg
from gis_core.typst_pdf import pdf_of

_TEMPLATE = Path(__file__).parent / "labels.typ"


def label_sheets(
    network: Network, elements: Sequence[LabelledElement], *, base_address: str, language: str
) -> bytes:
    """Sheets of 24 labels (A4, 3 by 8, 70 by 37 mm) as PDF bytes.

    Each QR code is the address `<base_address>/e/<uid>/`, which opens the element on a phone and on a desk.
    """
    with translation.override(language):
        kinds = {**{kind.value: _(kind.label) for kind in NodeKind}, "pipe": _("pipe")}
        labels = [
            {
                "code": element.code,
                "kind": kinds[element.kind],
                "zone": element.zone,
                "qr": qr_svg(f"{base_address}/e/{element.uid}/"),
            }
            for element in elements
        ]
    data = {"network": network.name, "labels": labels}
    return pdf_of(_TEMPLATE, data)
