"""JupyterLab in a process of its own, which ends when the process that started it does.

Run as `python -m toolkit.lab.server FLAGS…`: prints the port and the token as one line of JSON once it listens,
then serves until its standard input closes. That happens on every way out of the parent, on every system, even
when the parent is killed; a signal would have to be sent by somebody.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any


def main(flags: list[str]) -> int:
    from jupyterlab.labapp import LabApp

    stopped = threading.Event()
    running: list[Any] = []

    def wait_for_parent() -> None:
        sys.stdin.buffer.read()
        stopped.set()
        if not running:
            os._exit(0)
        running[0].io_loop.add_callback(running[0].stop)

    threading.Thread(target=wait_for_parent, daemon=True).start()
    server = LabApp.initialize_server(argv=flags)
    if not server.identity_provider.token:
        sys.exit("JupyterLab is configured to run without a token; the lab does not start that way.")
    running.append(server)
    ready = json.dumps({"port": server.port, "token": server.identity_provider.token})
    server.io_loop.add_callback(lambda: print(ready, flush=True))
    if stopped.is_set():
        return 0
    server.start()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
