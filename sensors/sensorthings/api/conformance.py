"""The service root (18-088 clause 9.2.1) and what it declares: only what tests/sensors/sensorthings tests, one by
one."""

from typing import Any

from sensors.sensorthings.selectors.schema import TYPES

_SPECIFICATION = "http://www.opengis.net/spec/iot_sensing/1.1/req"
CONFORMANCE = [
    f"{_SPECIFICATION}/{requirement}"
    for requirement in (
        "datamodel/entity-control-information/common-control-information",
        *(
            f"datamodel/{entity}/{part}"
            for entity in (
                "thing",
                "location",
                "historical-location",
                "datastream",
                "sensor",
                "observed-property",
                "observation",
                "feature-of-interest",
            )
            for part in ("properties", "relations")
        ),
        "resource-path/resource-path-to-entities",
        *(
            f"request-data/{option}"
            for option in (
                "status-code",
                "query-status-code",
                "order",
                "expand",
                "select",
                "orderby",
                "top",
                "skip",
                "count",
                "filter",
                "built-in-filter-operations",
                "built-in-query-functions",
                "pagination",
            )
        ),
        *(
            f"create-update-delete/{work}"
            for work in (
                "create-entity",
                "link-to-existing-entities",
                "deep-insert",
                "deep-insert-status-code",
                "update-entity",
                "update-entity-put",
                "update-entity-jsonpatch",
                "delete-entity",
                "historical-location-auto-creation",
                "historical-location-manual-creation",
            )
        ),
        *(f"multi-datastream/{part}" for part in ("properties", "relations", "constraints")),
        "data-array/data-array",
    )
]


def service_root(base: str) -> dict[str, Any]:
    """The sets of the service and its settings."""
    return {
        "value": [{"name": one.plural, "url": f"{base}/{one.plural}"} for one in TYPES.values()],
        "serverSettings": {"conformance": CONFORMANCE},
    }
