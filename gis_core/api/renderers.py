"""JSON within the budget of an answer."""

from typing import Any

from rest_framework.renderers import JSONRenderer

from gis_core.answer_budget import budget_of_request

# Shorter lists are written at once.
_FEW = 20


class CountingJsonRenderer(JSONRenderer):
    """The framework's JSON, a list's entries written one by one and counted, so that it ends where it becomes too much.

    Lists are those of pages (`results`), of collections (`features`) and answers that are one list.
    """

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        """The document; raises AnswerTooLarge."""
        if self.get_indent(accepted_media_type or "", renderer_context or {}):
            return self._whole(data, accepted_media_type, renderer_context)
        if isinstance(data, list) and len(data) > _FEW:
            return b"".join(self._list(data))
        if isinstance(data, dict) and any(_is_long(value) for value in data.values()):
            return b"".join(self._object(data))
        return self._whole(data, accepted_media_type, renderer_context)

    def _whole(self, data: Any, accepted_media_type: str | None, renderer_context: Any) -> bytes:
        written: bytes = super().render(data, accepted_media_type, renderer_context)
        budget_of_request().take(size_bytes=len(written))
        return written

    def _object(self, data: dict[Any, Any]) -> list[bytes]:
        parts = [b"{"]
        for name, value in data.items():
            # Names of whatever type are written as the framework does.
            if _is_long(value):
                before = super().render({name: []})[1:-3]
                written = [before, *self._list(value)]
            else:
                written = [super().render({name: value})[1:-1]]
            parts += [*([b","] if len(parts) > 1 else []), *written]
        return [*parts, b"}"]

    def _list(self, entries: list[Any]) -> list[bytes]:
        budget = budget_of_request()
        parts = [b"["]
        if not any(isinstance(entry, (dict, list)) for entry in entries):
            # Codes and numbers are part of an entity, not entities.
            written = super().render(entries)
            budget.take(size_bytes=len(written))
            return [written]
        for number, entry in enumerate(entries):
            # The framework writes nothing at all for None.
            written = super().render(entry) if entry is not None else b"null"
            budget.take(entities=1, size_bytes=len(written) + 1)
            parts += [b",", written] if number else [written]
        budget.look_at_clock()
        return [*parts, b"]"]


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and len(value) > _FEW
