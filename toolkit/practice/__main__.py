"""`python -m toolkit.practice --folder FOLDER [--attacker-returns]` serves the practice tenant until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from toolkit.errors import PracticeError
from toolkit.practice import PracticeTenant, plan_of, reset, start


def _until_interrupted(_: PracticeTenant) -> None:
    threading.Event().wait()


def main(arguments: Sequence[str], *, wait: Callable[[PracticeTenant], object] = _until_interrupted) -> int:
    """Serves; 0 when it was stopped, 1 if it could not start. `wait` returns when it is to be stopped."""
    parser = argparse.ArgumentParser(prog="python -m toolkit.practice", description="Serve the practice tenant.")
    parser.add_argument("--folder", type=Path, required=True, help="Where it keeps its state.")
    parser.add_argument("--port", type=int, default=0, help="Its port (default: a free one).")
    parser.add_argument("--reset", action="store_true", help="Back to the scenario's beginning first.")
    parser.add_argument(
        "--attacker-returns", action="store_true", help="The intruder acts while the account is being contained."
    )
    parser.add_argument("--events", type=int, default=0, help="So many audit events more in one mailbox.")
    parser.add_argument("--faults", metavar="FILE|SEED", help="What goes wrong: a plan in a TOML file, or a seed.")
    asked = parser.parse_args(arguments)
    try:
        if asked.reset:
            reset(asked.folder)
        faults = plan_of(asked.faults) if asked.faults else None
        how = {"port": asked.port, "attacker_returns": asked.attacker_returns, "events": asked.events}
        with start(asked.folder, faults=faults, **how) as tenant:
            print(
                f"The practice tenant answers on {tenant.url}; its certificate authority is {tenant.ca_file}.",
                flush=True,
            )
            try:
                wait(tenant)
            except KeyboardInterrupt:
                print("The practice tenant was stopped; its state stays in the folder.")
    except PracticeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
