"""Many rows of numbers from a query straight into numpy, without a Python object per row.

The server gathers each column into one array and sends that in binary form: a head of five integers, then for every
element four bytes with its length and the value in network byte order (PostgreSQL, src/backend/utils/adt/arrayfuncs.c,
array_send). Elements of fixed width of which none is null are thus one numpy array seen through a structured dtype.
COPY would send a row at a time, which costs more than all the rest.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection

# What PostgreSQL sends for each type: its object identifier and its form.
_WIRE_TYPES = {
    "int8": (20, ">i8"),
    "int4": (23, ">i4"),
    "int2": (21, ">i2"),
    "float8": (701, ">f8"),
    "float4": (700, ">f4"),
    "bool": (16, "?"),
}
_HEAD = np.dtype(
    [
        ("dimensions", ">i4"),
        ("has_null", ">i4"),
        ("element_type", ">i4"),
        ("size", ">i4"),
        ("first", ">i4"),
    ]
)

Columns = dict[str, npt.NDArray[Any]]


def read_columns(sql: str, parameters: Any, types: Sequence[tuple[str, str]]) -> Columns:
    """The rows of a SELECT as one numpy array per column, in native byte order and in the query's order.

    `types` names the columns in order with PostgreSQL's type of each (int8, int4, int2, float8, float4, bool); the
    query must return exactly those, none of them null. `sql` takes psycopg's placeholders. Wrappers of the connection
    apply, so that `reading_as_of` holds here too. Raises ValueError for another type or a null. A column is at most
    1 GB, which is some eighty million rows.
    """
    names = [f"column_{position}" for position in range(len(types))]
    values = _gathered(sql, parameters, names, [f"array_agg({name})" for name in names])
    return {name: _column(value, name, kind) for value, (name, kind) in zip(values, types, strict=True)}


def read_ids(sql: str, parameters: Any = None) -> npt.NDArray[np.int64]:
    """The rows of a SELECT of one bigint column."""
    return read_columns(sql, parameters, [("id", "int8")])["id"]


class Texts:
    """Many texts in one string, each cut out when it is asked for: a tenth of the memory of a list of them."""

    def __init__(self, joined: str, lengths: npt.NDArray[Any]) -> None:
        self._joined = joined
        self._ends = np.cumsum(lengths, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._ends)

    def at(self, positions: npt.NDArray[Any]) -> list[str]:
        """The texts at some positions, in their order."""
        ends = self._ends[positions]
        starts = np.where(positions > 0, self._ends[np.maximum(positions - 1, 0)], 0)
        joined = self._joined
        return [joined[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]

    @property
    def nbytes(self) -> int:
        """What they take in memory, in bytes, about."""
        return len(self._joined) + int(self._ends.nbytes)


def read_with_texts(
    sql: str, parameters: Any, types: Sequence[tuple[str, str]], text: str
) -> tuple[Columns, Texts]:
    """Like `read_columns`, for a query whose last column is a text, called `text` in errors."""
    names = [f"column_{position}" for position in range(len(types) + 1)]
    gathered = [f"array_agg({name})" for name in names[:-1]]
    gathered += [f"array_agg(char_length({names[-1]})::int4)", f"string_agg({names[-1]}, '')"]
    *values, lengths, joined = _gathered(sql, parameters, names, gathered)
    columns = {name: _column(value, name, kind) for value, (name, kind) in zip(values, types, strict=True)}
    return columns, Texts((joined or b"").decode(), _column(lengths, text, "int4"))


def _column(value: bytes | None, name: str, kind: str) -> npt.NDArray[Any]:
    identifier, wire = _WIRE_TYPES[kind]
    width = np.dtype(wire)
    if value is None:
        return np.empty(0, dtype=width.newbyteorder("="))
    head = np.frombuffer(value, dtype=_HEAD, count=1)[0]
    if head["dimensions"] != 1 or head["element_type"] != identifier:
        raise ValueError(f"{name} is not of the type {kind}")
    if head["has_null"]:
        raise ValueError(f"{name} is null somewhere")
    element = np.dtype([("length", ">i4"), ("value", wire)])
    elements = np.frombuffer(value, dtype=element, count=int(head["size"]), offset=_HEAD.itemsize)
    return elements["value"].astype(width.newbyteorder("="))


def _gathered(sql: str, parameters: Any, names: list[str], expressions: list[str]) -> list[bytes | None]:
    """The one row of aggregates over the query's rows, each value as the server sent it."""
    with connection.cursor() as cursor:

        def gather(statement: str, values: Any, many: bool, context: dict[str, Any]) -> list[bytes | None]:
            del many, context
            whole = f"SELECT {', '.join(expressions)} FROM ({statement}) rows ({', '.join(names)})"  # noqa: S608
            # Django's cursor binds parameters, but only psycopg's own can ask for the binary form.
            with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as own:
                own.execute(cursor.mogrify(whole, values), binary=True)
                assert own.pgresult is not None
                return [own.pgresult.get_value(0, column) for column in range(len(expressions))]

        # The statement passes the connection's wrappers as `cursor.execute` would let it pass.
        run = cursor._execute_with_wrappers  # type: ignore[attr-defined]
        return list(run(sql, parameters, many=False, executor=gather))


def positions_in(sorted_ids: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each wanted id stands among the sorted ones; -1 where it does not."""
    if not len(sorted_ids):
        return np.full(len(wanted), -1, np.int64)
    at = np.minimum(np.searchsorted(sorted_ids, wanted), len(sorted_ids) - 1)
    return np.where(sorted_ids[at] == wanted, at, -1)
