"""Columns of numbers and texts in one piece: as a cursor reads them, or refused."""

from typing import Any

import numpy as np
import pytest
from django.db import ProgrammingError, connection

from gis_core.integer_reads import read_columns, read_ids, read_with_texts

TYPES = [("whole", "int8"), ("half", "int4"), ("small", "int2"), ("real", "float8"), ("truth", "bool")]
QUERY = (
    "SELECT (i * 10000000000)::int8, -i::int4, (i %% 7)::int2, i / 3.0::float8, i %% 2 = 0 "
    "FROM generate_series(1, %(count)s) i ORDER BY i DESC"
)


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_columns_are_those_of_a_cursor(db: Any, count: int) -> None:
    columns = read_columns(QUERY, {"count": count}, TYPES)
    with connection.cursor() as cursor:
        cursor.execute(QUERY, {"count": count})
        rows = cursor.fetchall()
    assert list(zip(*(columns[name].tolist() for name, _ in TYPES), strict=True)) == rows
    assert columns["whole"].dtype == np.dtype("int64")
    assert columns["whole"].dtype.isnative


def test_special_reals_are_kept(db: Any) -> None:
    reals = read_columns(
        "SELECT v FROM unnest(ARRAY['Infinity', '-Infinity', 'NaN', '-0']::float8[]) v",
        None,
        [("v", "float8")],
    )["v"]
    assert reals[:2].tolist() == [np.inf, -np.inf]
    assert np.isnan(reals[2])
    assert np.signbit(reals[3])


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("SELECT NULL::int8", [("id", "int8")]),
        ("SELECT i::int8 FROM unnest(ARRAY[1, NULL]) i", [("id", "int8")]),
        ("SELECT 1::int4", [("id", "int8")]),
        ("SELECT 1.5::float8", [("id", "int8")]),
        ("SELECT ARRAY[1, 2]::int8[]", [("id", "int8")]),
        ("SELECT 'x'::text", [("id", "int8")]),
    ],
)
def test_what_is_not_of_the_stated_types_is_refused(db: Any, sql: str, types: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match=r"null|type"):
        read_columns(sql, None, types)


def test_too_few_columns_are_refused(db: Any) -> None:
    with pytest.raises(ProgrammingError):
        read_columns("SELECT 1::int8", None, [("id", "int8"), ("other", "int8")])


def test_ids_and_texts_keep_order_and_characters(db: Any) -> None:
    assert read_ids("SELECT v FROM unnest(%s::int8[]) v", [[3, -1, 2**62]]).tolist() == [3, -1, 2**62]
    texts = ["", "a", "Do‘stlik", "back\\slash", "tab\tline\nreturn\r", "😀", "%s", ""]
    sql = "SELECT n, v FROM unnest(%s::text[]) WITH ORDINALITY AS t(v, n) ORDER BY n DESC"
    columns, read = read_with_texts(sql, [texts], [("n", "int8")], "code")
    assert columns["n"].tolist() == list(range(len(texts), 0, -1))
    assert read.at(np.arange(len(texts))) == texts[::-1]
    assert read.at(np.array([2, 0, 2])) == ["😀", "", "😀"]
    columns, read = read_with_texts(sql, [[]], [("n", "int8")], "code")
    assert (len(columns["n"]), len(read), read.at(np.array([], dtype=np.int64))) == (0, 0, [])
    with pytest.raises(ValueError, match="null"):
        read_with_texts("SELECT 1::int8, NULL::text", None, [("n", "int8")], "code")


def test_wrappers_of_the_connection_apply(db: Any) -> None:
    seen = []

    def wrapper(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql.replace("1::int8", "2::int8"), parameters, many, context)

    with connection.execute_wrapper(wrapper):
        assert read_ids("SELECT 1::int8").tolist() == [2]
    assert seen == ["SELECT 1::int8"]
