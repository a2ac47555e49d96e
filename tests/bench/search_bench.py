"""Search among 1,000,000 pipes and as many nodes, and in a town of 300,000 subscribers: milliseconds of a call.

What a person types is measured apart: a code, its beginning, a number without its letter, a slip of the pen, streets
with each apostrophe and in Cyrillic, addresses, names, numbers, positions, and what nothing has. The floor is the least
SQL that finds one element by its exact code, which is all that a machine would need.
"""

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from assets.networks.selectors.search import search
from gis_core.models import User
from tests.bench.scale import LARGE, looped_network
from tests.bench.town import make_town

CALLS, WARM_UP = 40, 5


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    user = User.objects.create_superuser(username="bench-search")
    network = looped_network(LARGE)
    make_town()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE assets_node; ANALYZE assets_pipe")
    chance = random.Random(7)
    numbers = chance.sample(range(1, LARGE), CALLS + WARM_UP)
    typed = {
        "an exact code": [f"P-{number}" for number in numbers],
        "the beginning of a code": [f"p{number // 1000 + 1}" for number in numbers],
        "a number without its letter": [str(number) for number in numbers],
        "three figures inside a code": [f"{number % 900 + 100}" for number in numbers],
        "two figures": [f"{number % 90 + 10}" for number in numbers],
        "a code with a slip of the pen": [f"P-{number // 10}x" for number in numbers],
        "the code of a valve that there is not": [f"V{number}x" for number in numbers],
        "a street": [("ko'chasi", "ko‘chasi", "ko``chasi", "кўчаси")[number % 4] for number in numbers],
        "an address": [f"Furqat ko'chasi {number % 180}" for number in numbers],
        "an address in Cyrillic": [f"Фурқат кўчаси, {number % 180}" for number in numbers],
        "a name": [("Каримов", "Rahimova", "Yusupov")[number % 3] for number in numbers],
        "a name with a slip of the pen": ["Karimof Alisher" for _number in numbers],
        "a number of an account": [f"{170000000 + number % 300000}" for number in numbers],
        "a position": [f"41.{number % 900} 69.{number % 700}" for number in numbers],
        "what nothing has": [f"Navruz mavzesi {number}" for number in numbers],
    }

    def exact(text: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT uid FROM assets_pipe WHERE network_id = %s AND code = %s",
                [network.pk, f"P{text.removeprefix('P-')}"],
            )
            cursor.fetchall()

    floor = _median_ms(exact, typed["an exact code"])
    rows = []
    for what, texts in typed.items():
        ours = _median_ms(lambda text: search(user, text, limit=12), texts)
        rows.append(
            {
                "name": f"search at {LARGE:,} pipes: {what}, ms",
                "ours": ours,
                "floor": floor,
                "ratio": ours / floor,
                "unit": "ms",
            }
        )
    return rows


def _median_ms(work: Callable[[str], object], texts: list[str]) -> float:
    figures = []
    for text in texts:
        began = time.perf_counter()
        work(text)
        figures.append((time.perf_counter() - began) * 1000)
    return statistics.median(figures[WARM_UP:])
