"""What the database refuses, said to the person who asked for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import DatabaseError, DataError, IntegrityError, transaction

from gis_core.database.constraints import check_constraints_now
from gis_core.errors import ReportedError

# By the name of a constraint: the error's code, and what it means to a person.
Meanings = Mapping[str, tuple[str, str]]


def constraint_of(error: DatabaseError) -> str:
    """The name of the constraint that refused; empty where the database names none."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


def refusal_of(
    error: DatabaseError,
    *,
    opening: str = "The database refuses the change",
    code: str = "refused_by_database",
) -> ReportedError:
    """What the database refused, in its own words, as an error for the person who asked."""
    diagnosis = getattr(error.__cause__, "diag", None)
    message = (getattr(diagnosis, "message_primary", None) or str(error)).strip()
    return ReportedError(
        f"{opening}: {message}.",
        code=code,
        details=[{"constraint": constraint_of(error), "reason": message}],
    )


@contextmanager
def saying_refusals(meanings: Meanings) -> Iterator[None]:
    """One transaction whose constraints, the deferred ones too, are checked at its end.

    Raises ReportedError, with nothing changed, when the database refuses: with what `meanings` says of the constraint,
    or in the database's own words.
    """
    try:
        with transaction.atomic():
            yield
            check_constraints_now()
    except (IntegrityError, DataError) as error:
        name = constraint_of(error)
        code, message = meanings.get(
            name, ("refused", f"The database refused: {str(error).partition(chr(10))[0]}")
        )
        raise ReportedError(message, code=code, details=[{"constraint": name}] if name else []) from error
