"""Which code page bytes are in when nobody says: those of the region are told apart by which of them gives words.

CP866 (DOS, and what old archives and tables hold), CP1251 (Windows) and CP1252 give every byte a meaning, so that
none of them ever fails; but the wrong one makes box drawings, capitals within words or letters that nobody uses.
"""

import codecs
import re
from math import log

# How often letters come in a thousand of Russian text (Russian National Corpus); the rest are letters of others.
_PER_MILLE = {
    letter: rate
    for letters, rate in (
        ("о", 110), ("е", 84), ("а", 80), ("и", 74), ("н", 67), ("т", 63), ("с", 55), ("р", 47), ("в", 45), ("л", 44),
        ("к", 35), ("м", 32), ("д", 30), ("п", 28), ("у", 26), ("я", 20), ("ыь", 18), ("гзб", 16), ("ч", 14), ("й", 12),
        ("х", 10), ("ж", 9), ("ш", 7), ("ю", 6), ("ц", 5), ("щ", 4), ("эф", 3), ("ў", 2), ("ъёқғҳ", 1),
    )
    for letter in letters
}  # fmt: skip
_RARE_LETTER, _SIGN, _NO_LETTER = log(0.1), log(1.0), log(0.02)
_LATIN_IN_A_WORD, _LATIN_ALONE = log(15.0), log(0.5)
_CAPITAL_INSIDE, _TWO_SCRIPTS = 4.0, 6.0
_SIGNS = "№°«»“”–—\u00a0±²³"
REGION = ("cp1251", "cp866")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
# More does not make the guess any better.
_LOOKED_AT_LETTERS = 20_000
# What other programs call code pages, by what is left of the name without blanks and signs.
_OWN_NAMES = {
    "88591": "iso8859_1",
    "885915": "iso8859_15",
    "88595": "iso8859_5",
    "88599": "iso8859_9",
    "65001": "utf-8",
    "utf8": "utf-8",
    "utf16": "utf-16",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "20866": "koi8_r",
    "21866": "koi8_u",
    "ascii": "cp1252",
    "usascii": "cp1252",
    "macintosh": "mac_roman",
    "maccyrillic": "mac_cyrillic",
}
_PREFIXES = re.compile(
    r"^(?:oem|ansi|cp|ibm|windows|win|ms|dos|codepage|x|iso|latin|mscp|wincp|xcp|xwindows)+"
)
# The byte of a .dbf that names its code page (ESRI and FoxPro); 0x57, "ANSI", is another one in every country.
LANGUAGE_DRIVERS = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x04: "mac_roman", 0x08: "cp865", 0x09: "cp437", 0x0A: "cp850",
    0x0B: "cp437", 0x0D: "cp437", 0x0E: "cp850", 0x0F: "cp437", 0x10: "cp850", 0x11: "cp437", 0x12: "cp850",
    0x13: "cp932", 0x14: "cp850", 0x15: "cp437", 0x16: "cp850", 0x17: "cp865", 0x18: "cp437", 0x19: "cp437",
    0x1A: "cp850", 0x1B: "cp437", 0x1C: "cp863", 0x1D: "cp850", 0x1F: "cp852", 0x22: "cp852", 0x23: "cp852",
    0x24: "cp860", 0x25: "cp850", 0x26: "cp866", 0x37: "cp850", 0x40: "cp852", 0x4D: "cp936", 0x4E: "cp949",
    0x4F: "cp950", 0x50: "cp874", 0x58: "cp1252", 0x59: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x66: "cp865",
    0x67: "cp861", 0x6A: "cp737", 0x6B: "cp857", 0x6C: "cp863", 0x78: "cp950", 0x79: "cp949", 0x7A: "cp936",
    0x7B: "cp932", 0x7C: "cp874", 0x86: "cp737", 0x87: "cp852", 0x88: "cp857", 0x96: "mac_cyrillic",
    0x97: "mac_latin2", 0x98: "mac_greek", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253",
    0xCC: "cp1257",
}  # fmt: skip


def codec_of_name(name: str) -> str | None:
    """Python's name of a code page that other programs call `OEM 866`, `ANSI 1251`, `windows-1251`, `88591` or
    `LDID/38`; None for one that is not known."""
    plain = re.sub(r"[\s_\-:.()/]", "", name.replace("\x00", "").replace("\ufeff", "")).casefold()
    if plain.startswith("ldid") and plain[4:].isdecimal():
        return LANGUAGE_DRIVERS.get(int(plain[4:]))
    bare = _PREFIXES.sub("", plain)
    for candidate in (
        _OWN_NAMES.get(plain),
        _OWN_NAMES.get(bare),
        f"cp{bare}" if bare.isdecimal() else None,
        plain,
    ):
        if candidate and _is_of_texts(candidate):
            return candidate
    latin = {"1": "iso8859_1", "2": "iso8859_2", "5": "iso8859_9", "9": "iso8859_15"}
    return latin.get(bare) if "latin" in plain else None


def _is_of_texts(name: str) -> bool:
    try:
        # Python also has encodings of bytes as bytes, which are none of texts.
        return codecs.lookup(name)._is_text_encoding
    except LookupError:
        return False


def likely_code_page(data: bytes, candidates: tuple[str, ...] = (*REGION, "cp1252")) -> str:
    """The code page in which bytes that are no UTF-8 make the likeliest text; the first one where none has letters."""
    runs = re.findall(rb"[\x00-\x7f]?[\x80-\xff]+[\x00-\x7f]?", data[: 50 * _LOOKED_AT_LETTERS])
    sample = b" ".join(runs)[:_LOOKED_AT_LETTERS]
    # Of two that do equally well, the one named first.
    return max(candidates, key=lambda page: _likelihood(sample, page)) if sample else candidates[0]


def _likelihood(sample: bytes, page: str) -> float:
    text = sample.decode(page, "replace")
    score = 0.0
    before = " "
    for place, letter in enumerate(text):
        if ord(letter) >= 0x80:
            after = text[place + 1] if place + 1 < len(text) else " "
            score += _of_letter(letter, before, after)
        before = letter
    return score


def _of_letter(letter: str, before: str, after: str) -> float:
    is_beside_latin = bool(_ASCII_LETTER.match(before) or _ASCII_LETTER.match(after))
    if _CYRILLIC.match(letter):
        rate = _PER_MILLE.get(letter.lower())
        score = _RARE_LETTER if rate is None else log(rate)
        score -= _TWO_SCRIPTS if is_beside_latin else 0.0
        return score - (_CAPITAL_INSIDE if letter.isupper() and before.islower() else 0.0)
    if letter in _SIGNS:
        return _SIGN
    if letter.isalpha():
        return _LATIN_IN_A_WORD if is_beside_latin else _LATIN_ALONE
    return _NO_LETTER


def encoding_of(sample: bytes) -> str:
    """The likely encoding of a text by its beginning: its mark, else UTF-8 where it is that, else a code page."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if sample.startswith(mark):
            return name
    # Without a mark, every other byte of Latin text in UTF-16 is 0.
    for name, zeros in (("utf-16-le", sample[1:2000:2]), ("utf-16-be", sample[:2000:2])):
        if zeros and zeros.count(0) > 0.7 * len(zeros) and sample[:2000].count(0) < 0.6 * len(sample[:2000]):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
        return "utf-8"
    except UnicodeDecodeError:
        return likely_code_page(sample)


def decoded(data: bytes) -> tuple[str, str]:
    """The text of bytes, as it is likely, and the encoding that it was taken to be in."""
    name = encoding_of(data)
    return data.decode(name, "replace"), name
