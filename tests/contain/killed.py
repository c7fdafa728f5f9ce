"""A run of a plan in a process of its own that is killed after so many journal entries. Started by the test."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from toolkit import contain
from toolkit.case import open_case
from toolkit.case.journal import Journal
from toolkit.tenant import connect


def main(folder: Path, user: str, entries: int, keys: list[str]) -> None:
    """Run the steps of these keys; die right after the journal's entry number `entries`, counted from here."""
    case = open_case(folder)
    tenant = connect(case, sleep=lambda seconds: None)
    plan = contain.make_plan(case, tenant, user)
    yes = contain.confirm(plan, user)
    left, append = entries, Journal.append

    def counted(self: Journal, *given: Any, **fields: Any) -> Any:
        nonlocal left
        result = append(self, *given, **fields)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    Journal.append = counted  # type: ignore[method-assign]
    for key in keys:
        contain.run(plan, key, yes, show_secret=lambda secret, run: True, patience=0.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:])
