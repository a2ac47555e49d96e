"""What a body links to: entities that exist, by their ids."""

from typing import Any

from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.schema import EntityType
from sensors.sensorthings.services.writer import MODELS, Writer


def linked_id(value: Any) -> Any:
    """The id of `{"@iot.id": 1}`; None where there is none, and a new entity is described.

    Clients send what they know of a linked entity along with its id; the id says which one is meant.
    """
    if not isinstance(value, dict):
        raise StaError('A link is a JSON object such as {"@iot.id": 1}.')
    entity_id = value.get("@iot.id")
    if entity_id is not None and (isinstance(entity_id, bool) or not isinstance(entity_id, int | str)):
        raise StaError("An @iot.id is a number or a text.")
    return entity_id


def linked(writer: Writer, target: EntityType, entity_id: Any, *, for_writing: bool = False) -> Any:
    """The row that an id links to; 400 where there is none that the writer sees."""
    number = entity_id
    if isinstance(entity_id, str) and entity_id.isascii() and entity_id.isdigit():
        number = int(entity_id)
    if not isinstance(number, int) or not 0 <= number < 2**63 or not writer.reader.keys(target, [number]):
        raise StaError(f"There is no {target.name} {str(entity_id)[:60]} to link to.")
    row = MODELS[target.name]._default_manager.get(pk=number)
    if for_writing:
        writer.require(row.division_id)  # type: ignore[attr-defined]
    return row


def refuse_other(name: str, value: Any, row: Any) -> None:
    """What the place of a request links to, the body may say again, but not say otherwise."""
    if str(linked_id(value)) != str(row.pk):
        raise StaError(f"The {name} in the body is another one than that of the address.")
