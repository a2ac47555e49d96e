"""What is wrong with a request, by HTTP's numbers; the API turns them into answers."""

from gis_core.errors import ReportedError


class StaError(ReportedError):
    """A request that cannot be carried out; `status` is the HTTP status that says why."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message, code=str(status))
        self.status = status


def not_found(what: str = "Nothing") -> StaError:
    """404: there is no such thing, or none for this viewer."""
    return StaError(f"{what} is not here.", status=404)
