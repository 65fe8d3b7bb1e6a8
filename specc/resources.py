"""Files that specc ships beside its code: grammar, templates, firmware, hardware library.

In a wheel they lie under `specc/_data/<area>`; in a checkout in the folder of that name beside `specc/`.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(area: str, name: str = "") -> Path:
    """Path of a packaged file or folder.

    Raises:
        FileNotFoundError: no such file in the installation; it is broken, not the user's input.
    """
    for root in (_PACKAGE / "_data" / area, _PACKAGE.parent / area):
        path = root / name if name else root
        if path.exists():
            return path
    raise FileNotFoundError(f"specc's own file {area}/{name} is missing: the installation is incomplete")
