"""Uzbek from Latin to Cyrillic letters, by the rules of 1940 and 1995, for catalogues: placeholders stay."""

import re

# What keeps its Latin letters in Cyrillic text too: units, names of programs, formats and codes.
_KEPT = frozenset(
    "m mm km kPa kW "
    "EPANET PDF CSV MQTT UZS API REST DXF OGC JSON GNSS pH Modbus OPC UA LoRaWAN SensorThings WebGL DevEUI IWA QR "
    "UTC EN RU UZ JavaScript GeoPackage GeoJSON Shapefile XLSX XML HTML URL CRS EPSG PE VPN SMS ID uid DMA".split()
)
# Placeholders of Python, of our programs and of formats; tags; entities; addresses.
_UNTOUCHED = re.compile(
    r"%\(\w+\)[sd]|%[sd%]|\\\\?[\"n]|\{[^}]*\}|<[^>]*>|&\w+;|https?://\S+|\S+@\S+|\w+\.\w+\(\)|`[^`]*`"
)
_WORD = re.compile(r"[A-Za-z‘’ʻʼ'`]+")
_APOSTROPHES = "‘’ʻʼ'`"
_PAIRS = {"sh": "ш", "ch": "ч", "ya": "я", "yo": "ё", "yu": "ю", "ye": "е"}
_LETTERS = dict(zip("abdefghijklmnopqrstuvxyz", "абдефгҳижклмнопқрстувхйз", strict=True)) | {
    "c": "с",
    "w": "в",
}
_VOWELS = frozenset("aeiou")


def cyrillic_of(text: str) -> str:
    """The text in Cyrillic letters."""
    parts: list[str] = []
    end = 0
    for match in _UNTOUCHED.finditer(text):
        parts += [_words(text[end : match.start()]), match.group()]
        end = match.end()
    return "".join([*parts, _words(text[end:])])


def _words(text: str) -> str:
    return _WORD.sub(lambda match: _word(match.group()), text)


def _word(word: str) -> str:
    bare = word.strip(_APOSTROPHES)
    if bare in _KEPT:
        return word
    # A shout stays a shout: QQS is ҚҚС.
    is_upper = len(bare) > 1 and bare.isupper()
    made: list[str] = []
    position = 0
    while position < len(word):
        letters, taken = _sound(word, position)
        first = word[position]
        made.append(letters.upper() if is_upper or first.isupper() else letters)
        position += taken
    return "".join(made)


def _sound(word: str, position: int) -> tuple[str, int]:
    """The Cyrillic letters that a place of a word stands for, and how many Latin ones they take."""
    letter = word[position].lower()
    following = word[position + 1 : position + 2].lower()
    after = word[position + 2 : position + 3]
    if letter in "og" and following and following in _APOSTROPHES:
        return ("ў" if letter == "o" else "ғ"), 2
    # "yo‘" is й and ў, not ё.
    if letter + following in _PAIRS and not (letter + following == "yo" and after and after in _APOSTROPHES):
        return _PAIRS[letter + following], 2
    if letter in _APOSTROPHES:
        return ("ъ" if 0 < position < len(word) - 1 else word[position]), 1
    if letter == "e" and (position == 0 or word[position - 1].lower() in _VOWELS):
        return "э", 1
    return _LETTERS.get(letter, word[position]), 1
