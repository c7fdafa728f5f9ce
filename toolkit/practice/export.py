"""`python -m toolkit.practice.export FOLDER` writes the sample evidence of the practice scenario."""

from __future__ import annotations

import sys
from pathlib import Path

from toolkit.practice.exports import write_exports


def main(arguments: list[str]) -> int:
    """Writes the samples; 0 on success, 2 on bad usage."""
    if len(arguments) != 1:
        print("usage: python -m toolkit.practice.export FOLDER", file=sys.stderr)
        return 2
    for path in write_exports(Path(arguments[0])):
        print(f"{path.stat().st_size:>9,}  {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
