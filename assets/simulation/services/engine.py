"""Runs EPANET on one file. Started as a program of its own, so that a crash or a hang of the engine ends only it.

Arguments: the engine's library, the input file, the report file, the results file. Prints one JSON object:
`code` (0, 1 to 6 for warnings, above 100 for errors), `version`, `message`. It imports nothing of the application.
"""

import ctypes
import json
import sys

_FIRST_ERROR = 100


def run(library: str, model: str, report: str, results: str) -> dict[str, object]:
    """Solve the hydraulics and write them to the results file at uniform intervals."""
    engine = ctypes.CDLL(library)
    version = ctypes.c_int()
    engine.ENgetversion(ctypes.byref(version))
    worst = engine.ENopen(model.encode(), report.encode(), results.encode())
    if worst < _FIRST_ERROR:
        # A warning of a step may be followed by an error of a later one: the larger code tells.
        worst = max(worst, engine.ENsolveH())
        if worst < _FIRST_ERROR:
            worst = max(worst, engine.ENsaveH())
    text = ctypes.create_string_buffer(256)
    if worst:
        engine.ENgeterror(worst, text, 255)
    engine.ENclose()
    return {
        "code": worst,
        "version": version.value,
        "message": text.value.decode("utf-8", "replace").strip(),
    }


if __name__ == "__main__":
    print(json.dumps(run(*sys.argv[1:5])))  # noqa: T201
