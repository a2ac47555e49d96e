"""EPANET models in: `import_epanet_model` and what its callers need."""

from assets.exchange.services.epanet_import.importing import (
    ELEMENT_KINDS,
    ImportResult,
    import_epanet_model,
)
from assets.exchange.services.epanet_import.placement import COORDINATE_UNITS, ModelPlacement

__all__ = [
    "COORDINATE_UNITS",
    "ELEMENT_KINDS",
    "ImportResult",
    "ModelPlacement",
    "import_epanet_model",
]
