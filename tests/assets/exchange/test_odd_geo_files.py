"""Files of a GIS as other programs and people leave them: long numbers, code pages, commas, rings, blocks in blocks."""

import json
import sqlite3
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import ezdxf
import geopandas
import pytest
import shapely
from django.contrib.gis.geos import Point

from assets.exchange.services.geo_import.reading import read_source
from assets.exchange.services.geo_import.shapefiles import member_names
from assets.models import Node, Pipe
from gis_core.code_pages import codec_of_name, encoding_of, likely_code_page
from gis_core.errors import ReportedError
from gis_core.models import Division
from gis_core.written_numbers import TwoReadings, number_of_text
from tests.assets.exchange.exchanging import done, import_file, run
from tests.assets.exchange.test_geo_import import at, drawing, geojson, line, off, pipes

LONG, NEXT = 1010010010000000123, 1010010010000000124


def frame(**columns: Any) -> geopandas.GeoDataFrame:
    """Pipes one after the other, 100 m each."""
    count = len(next(iter(columns.values())))
    lines = [shapely.LineString([at(100 * place, 0), at(100 * place + 100, 0)]) for place in range(count)]
    return geopandas.GeoDataFrame(columns, geometry=lines, crs="EPSG:4326")


def zipped(
    path: Path, folder: Path, name: str = "", *, code_page: str | None = None, driver: int = 0
) -> Path:
    """Zip the parts of a Shapefile, with a .cpg of these words (None: without) and this byte in the .dbf."""
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.iterdir()):
            data = bytearray(part.read_bytes())
            if part.suffix == ".cpg":
                continue
            if part.suffix == ".dbf":
                data[29] = driver
            archive.writestr((name or part.stem) + part.suffix, bytes(data))
        if code_page is not None:
            archive.writestr(f"{name or 'pipe'}.cpg", code_page)
    return path


def shapefile_folder(path: Path, encoding: str = "UTF-8", **columns: Any) -> Path:
    path.mkdir()
    frame(**columns).to_file(path / "pipe.shp", encoding=encoding)
    return path


# --- whole numbers


@pytest.mark.parametrize("form", ["geojson", "gpkg", "zip", "csv"])
@pytest.mark.parametrize("column", ["code", "material"])
def test_long_whole_numbers_stay_as_written_beside_an_empty_cell(
    form: str, column: str, district: Division, tmp_path: Path
) -> None:
    values = [LONG, NEXT, None]
    path = tmp_path / f"pipe.{form}"
    if form == "geojson":
        rows = [("pipe", {column: value}, line((x, 0), (x + 9, 0))) for x, value in enumerate(values)]
        geojson(
            path,
            *((name, row, line((9 * at_, 0), (9 * at_ + 9, 0))) for at_, (name, row, _) in enumerate(rows)),
        )
    elif form == "gpkg":
        frame(**{column: geopandas.pd.array(values, dtype="Int64")}).to_file(path, layer="pipe")
        assert read_source(path, "geopackage")[0].rows[column].tolist()[:2] == [LONG, NEXT]
    elif form == "zip":
        folder = shapefile_folder(tmp_path / "s", **{column: geopandas.pd.array(values, dtype="Int64")})
        zipped(path, folder)
    else:
        cells = [
            f'{value or ""};"LINESTRING({x} 41, {x}.001 41)"' for x, value in enumerate(values, start=66)
        ]
        path.write_text("\n".join([f"{column};wkt", *cells]))
    code, document = import_file(path, *(("--srid", "4326") if form == "csv" else ()))
    assert code == 0, document
    assert {str(LONG), str(NEXT)} <= set(Pipe.objects.values_list(column, flat=True))


def test_a_column_too_wide_for_64_bits_keeps_its_digits(district: Division, tmp_path: Path) -> None:
    folder = shapefile_folder(tmp_path / "s", code=["12345678901234567890", "12345678901234567891"])
    table = folder / "pipe.dbf"
    data = bytearray(table.read_bytes())
    data[32 + 11], data[32 + 17] = ord("N"), 0
    table.write_bytes(data)
    assert import_file(zipped(tmp_path / "pipe.zip", folder))[0] == 0
    assert set(pipes()) == {"12345678901234567890", "12345678901234567891"}


@pytest.mark.parametrize("code", ["007", "1e5", "1.0", "00000000000000000001"])
def test_texts_that_look_like_numbers_stay_texts(code: str, district: Division, tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    path.write_text(f'code,wkt\n{code},"LINESTRING(69 41, 69.001 41)"\n')
    assert import_file(path, "--srid", "4326")[0] == 0
    assert set(pipes()) == {code}
    exported = tmp_path / "back.geojson"
    done("export_network", "N", exported, "--format", "geojson")
    assert f'"{code}"' in exported.read_text()


def test_a_code_that_lost_its_digits_is_refused(district: Division, tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", ("pipe", {"code": 1.0100100100000001e18}, line((0, 0), (9, 0))))
    code, document = import_file(path)
    assert code == 1
    assert "has lost its last digits" in document["error"]["details"][0]["reason"]


# --- names and code pages


def raw_zip(path: Path, folder: Path, name: bytes, *, extra: bytes = b"", is_flagged: bool = False) -> Path:
    """A zip whose members have this name as bytes, flagged as UTF-8 or not."""
    zipped(path, folder, "X" * len(name))
    data = path.read_bytes()
    for part in (".shp", ".shx", ".dbf", ".prj"):
        data = data.replace(b"X" * len(name) + part.encode(), name + part.encode())
    if is_flagged:
        for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at_ = -1
            while (at_ := data.find(sign, at_ + 1)) >= 0:
                data = data[: at_ + place] + struct.pack("<H", 0x800) + data[at_ + place + 2 :]
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "raw", "is_flagged"),
    [
        ("Трубы", "Трубы".encode("cp866"), False),
        ("Трубы", "Трубы".encode("cp1251"), False),
        ("водопровод", "водопровод".encode("cp1251"), False),
        ("водопровод", "водопровод".encode("cp866"), False),
        ("ТРУБЫ 2026", "ТРУБЫ 2026".encode("cp866"), False),
        ("Сув ўтказгич", "Сув ўтказгич".encode("cp1251"), False),
        ("Сув ўтказгич", "Сув ўтказгич".encode("cp866"), False),
        ("Қувурлар ғ ҳ", "Қувурлар ғ ҳ".encode(), False),
        ("Қувурлар ғ ҳ", "Қувурлар ғ ҳ".encode(), True),
        ("Röhren", "Röhren".encode("cp437"), False),
        ("Трубы й", unicodedata.normalize("NFD", "Трубы й").encode(), True),
        ("o‘zan", "o‘zan".encode(), False),
    ],
)
def test_names_in_a_zip_are_read_in_any_code_page(
    name: str, raw: bytes, is_flagged: bool, district: Division, tmp_path: Path
) -> None:
    folder = shapefile_folder(tmp_path / "s", code=["A"])
    path = raw_zip(tmp_path / "pipe.zip", folder, raw, is_flagged=is_flagged)
    mapping = tmp_path / "m.toml"
    # What one program composes, another takes apart.
    for form in ("NFC", "NFD"):
        mapping.write_text(f'[[layers]]\nlayer = "{unicodedata.normalize(form, name)}"\nkind = "pipe"\n')
        code, document = import_file(path, "--mapping", str(mapping))
        assert code == 0, document
    assert set(pipes()) == {"A"}


def test_the_unicode_path_of_info_zip_is_taken_where_it_belongs_to_the_name(tmp_path: Path) -> None:
    raw, name = "?рубы.shp".encode("cp866"), "Қувурлар.shp"
    for checksum, expected in ((zlib.crc32(raw), name), (1, "?рубы.shp")):
        content = b"\x01" + struct.pack("<I", checksum) + name.encode()
        info = zipfile.ZipInfo("x" * len(raw))
        info.extra = struct.pack("<HH", 0x7075, len(content)) + content
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(info, b"")
        path.write_bytes(path.read_bytes().replace(b"x" * len(raw), raw))
        with zipfile.ZipFile(path) as archive:
            assert member_names(archive)[0] == [expected]


def test_what_other_programs_put_into_a_zip_is_passed_over(district: Division, tmp_path: Path) -> None:
    folder = shapefile_folder(tmp_path / "s", code=["A"])
    path = zipped(tmp_path / "pipe.zip", folder, "deep/er/pipe")
    with zipfile.ZipFile(path, "a") as archive:
        for part in (".shp", ".shx", ".dbf"):
            archive.writestr(f"deep/er/._pipe{part}", b"\x00\x05\x16\x07")
            archive.writestr(f"__MACOSX/deep/er/._pipe{part}", b"\x00\x05\x16\x07")
        for name in (".DS_Store", "deep/Thumbs.db", "deep/desktop.ini", "readme.txt"):
            archive.writestr(name, b"x")
    assert import_file(path)[0] == 0
    assert set(pipes()) == {"A"}


@pytest.mark.parametrize(
    ("spelling", "codec"),
    [
        (word, "cp866")
        for word in ("OEM 866", "OEM866", "oem 866\n", "CP866", "866", "IBM866", "cp-866", "LDID/38")
    ]
    + [
        (word, "cp1251")
        for word in ("ANSI 1251", "1251", "windows-1251", "WINDOWS-1251\r\n", "win1251", "LDID/201")
    ]
    + [(word, "utf-8") for word in ("UTF8", "utf-8", "\ufeffUTF-8", "UTF-8\x00", "65001", "cp65001")]
    + [(word, "iso8859_1") for word in ("88591", "ISO 88591", "ISO-8859-1", "ISO88591")]
    + [("ISO 8859-5", "iso8859_5"), ("KOI8-R", "koi8_r")],
)
def test_every_spelling_of_a_code_page_is_understood(spelling: str, codec: str, tmp_path: Path) -> None:
    assert codec_of_name(spelling) == codec
    text = "чугун" if codec != "iso8859_1" else "Rohr ö"
    folder = shapefile_folder(tmp_path / "s", "ISO-8859-1", material=[text.encode(codec).decode("latin-1")])
    path = zipped(tmp_path / "pipe.zip", folder, code_page=spelling)
    (layer,) = read_source(path, "shapefile")
    assert layer.rows["material"].tolist() == [text]
    assert layer.assumed == ""


@pytest.mark.parametrize(
    ("stated", "driver", "encoding", "warning"),
    [
        (None, 0x65, "cp866", ""),
        (None, 0x26, "cp866", ""),
        (None, 0xC9, "cp1251", ""),
        (None, 0, "cp866", "does not say the encoding"),
        ("OEM", 0, "cp866", "names an encoding that is not known"),
        ("klingon", 0, "cp1251", "names an encoding that is not known"),
        ("UTF-8", 0, "cp1251", "not in utf-8 as it states; CP1251 is assumed"),
        ("UTF-8", 0, "cp866", "not in utf-8 as it states; CP866 is assumed"),
        ("OEM 866", 0xC9, "cp866", ""),
        ("", 0xC9, "cp1251", ""),
    ],
)
def test_a_code_page_is_guessed_where_it_is_not_said_or_wrongly(
    stated: str | None, driver: int, encoding: str, warning: str, tmp_path: Path
) -> None:
    folder = shapefile_folder(tmp_path / "s", encoding, material=["чугунная труба", "сталь"])
    path = zipped(tmp_path / "pipe.zip", folder, code_page=stated, driver=driver)
    (layer,) = read_source(path, "shapefile")
    assert layer.rows["material"].tolist() == ["чугунная труба", "сталь"]
    assert warning in layer.assumed
    assert bool(warning) == bool(layer.assumed)


@pytest.mark.parametrize("page", ["cp866", "cp1251"])
@pytest.mark.parametrize(
    "word", ["трубы", "вода", "водопровод", "ТРУБЫ", "сталь", "ПЭ", "дом", "Ўзбекистон", "Задвижка №5"]
)
def test_code_pages_are_told_apart_by_what_gives_words(page: str, word: str) -> None:
    assert likely_code_page(word.encode(page)) == page
    assert encoding_of(word.encode("utf-16")) == "utf-16"


# --- CSV


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "cp866"])
@pytest.mark.parametrize(
    ("first", "separator"),
    [
        ("sep=;\n", ";"),
        ('"sep=;"\r\n', ";"),
        ("SEP=\t\n", "\t"),
        ("sep=\\t\n", "\t"),
        ("", "|"),
        ("sep=|\n", "|"),
        ("", ";"),
        ("", "\t"),
        ("sep=,\n", ","),
    ],
)
def test_a_table_of_any_separator_is_read(
    first: str, separator: str, encoding: str, district: Division, tmp_path: Path
) -> None:
    path = tmp_path / "pipe.csv"
    wkt = '"LINESTRING (69 41, 69.001 41)"'
    rows = (
        separator.join(["code", "material", "wkt"])
        + "\n"
        + separator.join(["A", "чугунная труба", wkt])
        + "\n"
    )
    path.write_bytes((first + rows).encode(encoding))
    code, document = import_file(path, "--srid", "4326")
    assert code == 0, document
    assert Pipe.objects.get().material == "чугунная труба"


@pytest.mark.parametrize(
    ("written", "diameter_m"),
    [("0,15", 0.15), ("0.15", 0.15), ("+ 0,15", 0.15), ("1,5E-01", 0.15), ("0,150", 0.15), ("０.15", 0.15)],
)
def test_a_diameter_with_a_decimal_comma_is_understood(
    written: str, diameter_m: float, district: Division, tmp_path: Path
) -> None:
    path = tmp_path / "pipe.csv"
    path.write_text(f"code;diameter_m;wkt\nA;{written};LINESTRING (69 41, 69.001 41)\n")
    code, document = import_file(path, "--srid", "4326")
    assert code == 0, document
    assert Pipe.objects.get().diameter_m == diameter_m


def test_a_comma_of_two_readings_is_asked_about(district: Division, tmp_path: Path) -> None:
    path, mapping = tmp_path / "pipe.csv", tmp_path / "m.toml"
    row = "{};{};LINESTRING ({} 41, {} 41.001)"
    path.write_text("code;length_m;wkt\n" + row.format("A", "1,234", 69, 69))
    code, document = import_file(path, "--srid", "4326")
    assert code == 1
    assert "may have a decimal comma or part thousands" in document["error"]["message"]
    # What other rows show decides.
    path.write_text(
        "code;length_m;wkt\n" + row.format("A", "1,234", 69, 69) + "\n" + row.format("B", "2,5", 68, 68)
    )
    assert import_file(path, "--srid", "4326")[0] == 0
    assert Pipe.objects.get(code="A").stated_length_m == 1.234
    for mark, length_m in ((",", 1.234), (".", 1234)):
        path.write_text("code;length_m;wkt\n" + row.format("C" + mark, "1,234", 67, 67 + length_m / 1e6))
        mapping.write_text(f'decimal = "{mark}"\n')
        assert import_file(path, "--srid", "4326", "--mapping", str(mapping))[0] == 0
        assert Pipe.objects.get(code="C" + mark).stated_length_m == length_m
    mapping.write_text('decimal = "x"\n')
    assert import_file(path, "--mapping", str(mapping))[1]["error"]["code"] == "bad_mapping"


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("+ 0.081", "", 0.081),
        ("- 0.559", "", -0.559),
        ("\u22120.5", "", -0.5),
        ("1 234,5", "", 1234.5),
        ("1\u00a0234,5", "", 1234.5),
        ("1.234,5", "", 1234.5),
        ("1,234.5", "", 1234.5),
        ("1,234,567", "", 1234567),
        ("1'234.5", "", 1234.5),
        ("1,2E+03", "", 1200),
        ("1,234", ",", 1.234),
        ("1,234", ".", 1234),
        ("1.234", "", 1.234),
        ("1.234", ",", 1234),
        ("1,2,3", "", None),
        ("0.081-", "", None),
        ("5 m", "", None),
        ("1_000", "", None),
        ("nan", "", None),
        ("", "", None),
    ],
)
def test_numbers_as_they_are_written(text: str, decimal: str, number: float | None) -> None:
    assert number_of_text(text, decimal) == number
    with pytest.raises(TwoReadings):
        number_of_text("1,234")


@pytest.mark.parametrize(
    ("names", "srid"),
    [("lon;lat", ""), ("долгота;широта", ""), ("uzunlik;kenglik", ""), ("x;y", "4326"), ("Х;У", "4326")],
)
def test_places_with_decimal_commas(names: str, srid: str, district: Division, tmp_path: Path) -> None:
    path = tmp_path / "hydrant.csv"
    path.write_text(f"code;{names}\nH1;69,3012;41,4034\nH2;69,31;41,41\n")
    code, document = import_file(path, *(("--srid", srid) if srid else ()))
    assert code == 0, document
    assert Node.objects.get(code="H1").geom.coords == (69.3012, 41.4034)


def test_a_table_without_places_is_told_so(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    path.write_text("code;diameter_m\nA;0,1\n")
    code, document = import_file(path, "--srid", "4326")
    assert (code, document["error"]["code"]) == (1, "no_places")
    assert "No column of the file holds places" in document["error"]["message"]


# --- rings

SQUARE = ((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))


def ends_of_ring() -> list[tuple[str, str]]:
    return [ends for code, ends in pipes().items() if code.startswith("RING")]


@pytest.mark.parametrize(
    ("branches", "arcs"),
    [
        ([((100, 50), (200, 50))], 2),
        ([((0, 0), (-50, 0))], 2),
        ([((100, 50), (200, 50)), ((50, 100), (50, 200))], 2),
        ([((100, 50), (200, 50)), ((50, 100), (50, 200)), ((0, 0), (-50, 0))], 3),
    ],
)
def test_a_ring_main_is_cut_at_its_branches(
    branches: list[Any], arcs: int, district: Division, tmp_path: Path
) -> None:
    rows = [("pipe", {"code": f"S{place}"}, line(*branch)) for place, branch in enumerate(branches)]
    ring = ("pipe", {"code": "RING", "stated_length_m": 400.0}, line(*SQUARE))
    path = geojson(tmp_path / "a.geojson", ring, *rows)
    code, document = import_file(path)
    assert code == 0, document
    found = ends_of_ring()
    assert len(found) == arcs
    assert all(start != end for start, end in found)
    lengths = Pipe.objects.filter(code__startswith="RING").values_list("stated_length_m", flat=True)
    # A length that is missing would fail the sum.
    assert sum(cast("Iterable[float]", lengths)) == pytest.approx(400)
    again, document = import_file(path)
    assert (again, sum(document["created"].values())) == (0, 0), document


def test_rings_of_parts_and_of_drawings_are_cut_too(district: Division, tmp_path: Path) -> None:
    parts = [[at(*point) for point in SQUARE[:3]], [at(*point) for point in SQUARE[2:]]]
    ring = ("pipe", {"code": "RING"}, {"type": "MultiLineString", "coordinates": parts})
    path = geojson(tmp_path / "a.geojson", ring, ("pipe", {"code": "S"}, line((100, 50), (200, 50))))
    assert import_file(path)[0] == 0
    assert len(ends_of_ring()) == 2
    path = tmp_path / "a.dxf"
    document = drawing(path)
    space, layer = document.modelspace(), {"layer": "PIPE"}
    space.add_lwpolyline([off(x, y) for x, y in SQUARE[:4]], close=True, dxfattribs=layer)
    space.add_line(off(100, 50), off(200, 50), dxfattribs=layer)
    document.saveas(path)
    code, answer = import_file(path, "--srid", "32642", network="D")
    assert (code, answer.get("created", {}).get("pipe")) == (0, 3), answer


def test_a_given_node_cuts_a_ring_and_a_ring_alone_is_told_how(district: Division, tmp_path: Path) -> None:
    ring = ("pipe", {"code": "RING"}, line(*SQUARE))
    alone = geojson(tmp_path / "a.geojson", ring)
    reason = import_file(alone)[1]["error"]["details"][0]["reason"]
    assert "draw it as two lines, or put a junction on it" in reason
    point = {"type": "Point", "coordinates": at(100, 50)}
    assert import_file(geojson(tmp_path / "b.geojson", ring, ("valve", {"code": "V"}, point)))[0] == 0
    assert len(ends_of_ring()) == 2
    area = {"type": "Polygon", "coordinates": [[at(*point) for point in SQUARE]]}
    _code, document = import_file(geojson(tmp_path / "c.geojson", ("pipe", {"code": "X"}, area)), network="P")
    assert "draw its outline as a line" in document["error"]["details"][0]["reason"]


# --- drawings


def blocks(path: Path) -> Any:
    document = drawing(path)
    for name in ("HYDRANT", "FRAME"):
        document.layers.add(name)
    symbol = document.blocks.new("HYD")
    symbol.add_circle((0, 0), 1)
    symbol.add_line((0, 0), (1, 1))
    document.modelspace().add_line(off(0, 0), off(500, 0), dxfattribs={"layer": "PIPE"})
    return document


def placed(path: Path, document: Any, *arguments: str) -> dict[str, Any]:
    document.saveas(path)
    code, answer = import_file(path, "--srid", "32642", *arguments)
    assert code == 0, answer
    return answer


def hydrants() -> set[tuple[int, int]]:
    """Their places, metres from the drawing's corner."""
    found = Node.objects.filter(kind="hydrant")
    # The stubs forget that a point stays a point.
    moved = [cast("Point", node.geom.transform(32642, clone=True)) for node in found]
    return {(round(point.x - off(0, 0)[0]), round(point.y - off(0, 0)[1])) for point in moved}


@pytest.mark.parametrize("is_within", [False, True])
def test_arrays_of_blocks_are_as_many_points(is_within: bool, district: Division, tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    document = blocks(path)
    array = {"layer": "HYDRANT", "column_count": 3, "column_spacing": 100, "row_count": 2, "row_spacing": 50}
    if is_within:
        # In a block of nothing else, turned by a quarter, on a layer that is nothing.
        document.blocks.new("GROUP").add_blockref("HYD", (0, 0), dxfattribs=array)
        document.modelspace().add_blockref("GROUP", off(0, 0), dxfattribs={"layer": "FRAME", "rotation": 90})
    else:
        document.modelspace().add_blockref("HYD", off(0, 0), dxfattribs=array)
    placed(path, document)
    expected = {(100 * column, 50 * row) for column in range(3) for row in range(2)}
    assert hydrants() == ({(-y, x) for x, y in expected} if is_within else expected)


def test_nested_scaled_and_mirrored_blocks_are_where_they_are_drawn(
    district: Division, tmp_path: Path
) -> None:
    path = tmp_path / "a.dxf"
    document = blocks(path)
    inner = document.blocks.new("INNER")
    inner.add_blockref("HYD", (10, 5))
    outer = document.blocks.new("OUTER")
    outer.add_blockref("INNER", (0, 0), dxfattribs={"xscale": 2, "yscale": 2, "zscale": 2})
    outer.add_line((0, 0), (0, 30), dxfattribs={"layer": "PIPE"})
    space = document.modelspace()
    space.add_blockref("OUTER", off(100, 0), dxfattribs={"layer": "HYDRANT", "xscale": -1})
    placed(path, document)
    # The outer one has a line of another layer in it, so it is a hydrant itself, and its inner one a part of it.
    assert hydrants() == {(100, 0)}
    assert Pipe.objects.filter(is_connector=False).count() == 3
    space.add_blockref("INNER", off(300, 0), dxfattribs={"layer": "HYDRANT", "xscale": -1})
    document.saveas(path)
    assert import_file(path, "--srid", "32642", network="SECOND")[0] == 0
    assert (290, 5) in hydrants()


def test_lines_in_blocks_become_pipes(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    document = blocks(path)
    net = document.blocks.new("NET")
    net.add_line((0, 0), (0, 100))
    net.add_lwpolyline([(0, 100), (50, 100)])
    document.modelspace().add_blockref("NET", off(0, 0), dxfattribs={"layer": "PIPE"})
    answer = placed(path, document)
    assert answer["created"]["pipe"] == 3
    assert any("the 2 lines in it are taken" in entry["reason"] for entry in answer["adjusted"])


def test_what_of_a_drawing_is_not_taken_is_told(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    document = blocks(path)
    symbol = document.blocks.new("PAIR")
    symbol.add_circle((0, 0), 5)
    symbol.add_blockref("HYD", (1, 0))
    space = document.modelspace()
    space.add_blockref("PAIR", off(100, 0), dxfattribs={"layer": "HYDRANT"})
    document.layout("Layout1").add_line((0, 0), (10, 0), dxfattribs={"layer": "PIPE"})
    document.add_xref_def("other.dwg", "OTHER")
    space.add_blockref("OTHER", off(0, 0), dxfattribs={"layer": "PIPE"})
    hatch = space.add_hatch(dxfattribs={"layer": "PIPE"})
    hatch.paths.add_polyline_path([(0, 0), (1, 0), (1, 1)])
    answer = placed(path, document, "--skip-bad-rows")
    assert {entry["reason"] for entry in answer["refused"]} == {
        "it stands for another drawing; import that one",
        "a HATCH is neither a line nor a point",
    }
    said = " ".join(entry["reason"] for entry in answer["warnings"])
    assert "1 entity of the drawing lies in paper space" in said
    assert "1 block within a block is taken as part of its symbol" in said


def test_blocks_that_are_not_there_or_hold_each_other_are_refused_by_row(
    district: Division, tmp_path: Path
) -> None:
    path = tmp_path / "a.dxf"
    document = blocks(path)
    for name, inner in (("ONE", "TWO"), ("TWO", "ONE")):
        document.blocks.new(name).add_blockref(inner, (0, 0))
    space = document.modelspace()
    space.add_blockref("ONE", off(100, 0), dxfattribs={"layer": "HYDRANT"})
    space.add_blockref("NOSUCH", off(200, 0), dxfattribs={"layer": "HYDRANT"})
    space.add_blockref("HYD", off(300, 0), dxfattribs={"layer": "HYDRANT"})
    answer = placed(path, document, "--skip-bad-rows")
    reasons = {entry["reason"] for entry in answer["refused"]}
    assert "it names the block NOSUCH, which the drawing does not hold" in reasons
    assert any("deep" in reason for reason in reasons)
    assert hydrants() == {(300, 0)}


def test_blocks_without_end_are_refused(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    document = blocks(path)
    for name, inner in (("B1", "HYD"), ("B2", "B1")):
        array = {"column_count": 2000, "column_spacing": 1, "row_count": 2000, "row_spacing": 1}
        document.blocks.new(name).add_blockref(inner, (0, 0), dxfattribs=array)
    document.modelspace().add_blockref("B2", off(0, 0), dxfattribs={"layer": "HYDRANT"})
    document.saveas(path)
    assert "blocks within blocks" in import_file(path)[1]["error"]["message"]


# --- what is said of files that cannot be read


def broken_files(directory: Path) -> dict[str, bytes]:
    """Files that are broken in many ways, by their names."""
    folder = shapefile_folder(directory / "good", code=["A"])
    parts = {part.suffix: part.read_bytes() for part in folder.iterdir()}
    frame(code=["A"]).to_file(directory / "good.gpkg", layer="pipe")
    package = (directory / "good.gpkg").read_bytes()

    def archive(**changed: bytes | None) -> bytes:
        path = directory / "made.zip"
        with zipfile.ZipFile(path, "w") as made:
            for suffix, data in parts.items():
                data_or_none = changed.get(suffix[1:], data)
                if data_or_none is not None:
                    made.writestr(f"pipe{suffix}", data_or_none)
        return path.read_bytes()

    whole = archive()
    document = ezdxf.new()
    document.modelspace().add_line((0, 0), (1, 1))
    document.saveas(directory / "good.dxf")
    text = (directory / "good.dxf").read_bytes()
    return {
        "cut.zip": whole[: len(whole) // 2],
        "noshp.zip": archive(shp=b"garbage"),
        "noshx.zip": archive(shx=None),
        "badshx.zip": archive(shx=b"\0" * 200),
        "nodbf.zip": archive(dbf=b"\x03"),
        "emptyshp.zip": archive(shp=b""),
        "badprj.zip": archive(prj=b'PROJCS["x"'),
        "cut.gpkg": package[: len(package) // 2],
        "header.gpkg": package[:100],
        "zeros.gpkg": package[:100] + b"\0" * 20_000,
        "broken.geojson": b'{"type": "FeatureCollection", "features": [',
        "wrong.geojson": b'{"type": "FeatureCollection", "features": [1]}',
        "none.geojson": b"",
        "cut.dxf": text[: len(text) // 2],
        "wrong.dxf": b"0\nSECTION\n2\nENTITIES\n0\nLINE\nx\ny\n",
        "quote.csv": b'code,wkt\n"a,b',
        "null.csv": b"code,wkt\n\0\0",
        "none.csv": b"",
    }


SAID_TO_USERS = (
    "/tmp",
    "/vsi",
    "tarmoq-import",
    "SHAPE_RESTORE",
    "GDAL",
    "pyogrio",
    "sqlite3",
    "Traceback",
    "\\n0x",
)


def test_no_message_shows_a_path_of_the_server(district: Division, tmp_path: Path) -> None:
    made = broken_files(tmp_path)
    for name, data in made.items():
        path = tmp_path / "upload" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        _code, document = import_file(path, "--srid", "4326")
        said = json.dumps(document, ensure_ascii=False)
        assert not [word for word in SAID_TO_USERS if word in said], said
        answer = done_or_refused(path)
        assert not [word for word in SAID_TO_USERS if word in answer], answer


def done_or_refused(path: Path) -> str:
    """What the import of parcels says of a file."""
    _code, document = run(
        "import_cadastre", str(path), "--layer", "parcels", "--division", "QIBRAY", "--srid", "4326"
    )
    return json.dumps(document, ensure_ascii=False)


def test_an_index_that_lies_is_no_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    sqlite3.connect(path).execute("CREATE TABLE gpkg_contents (a)").connection.commit()
    with pytest.raises(ReportedError) as caught:
        read_source(path, "geopackage")
    assert caught.value.message == "The file x.gpkg is not a GeoPackage, or a broken one."
