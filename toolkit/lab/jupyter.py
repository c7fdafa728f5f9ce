"""Starting JupyterLab for a case, and stopping it."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from toolkit.errors import UsageError
from toolkit.lab.pages import FIRST
from toolkit.lab.rooms import Rooms

START_SECONDS = 90
STOP_SECONDS = 15
UPLOAD_BYTES = 256 << 20  # a file chosen in the browser is one message; the usual limit of 10 MB cuts the line


class Jupyter:
    """A running JupyterLab: `url` opens it, `stop()` ends it and its kernels."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes], url: str) -> None:
        self.url = url
        self._process = process
        self._log = log

    def ended(self) -> bool:
        """Whether it ended by itself, e.g. by File ▸ Shut Down."""
        return self._process.poll() is not None

    def stop(self) -> None:
        _stop(self._process)
        self._log.close()


def start_jupyter(case_folder: Path, rooms: Rooms, *, port: int | None, open_browser: bool) -> Jupyter:
    """Start JupyterLab on 127.0.0.1 and wait until it answers.

    Raises:
        UsageError: the port asked for is taken, or JupyterLab did not start; the text names its log.
    """
    flags = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port if port is not None else free_port()}",
        f"--ServerApp.port_retries={0 if port is not None else 50}",
        f"--ServerApp.root_dir={case_folder / 'notebooks'}",
        f"--ServerApp.open_browser={open_browser}",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        f"--ServerApp.tornado_settings={{'websocket_max_message_size': {UPLOAD_BYTES}}}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--ServerApp.allow_root=True")
    log = open(rooms.log, "wb")  # noqa: SIM115 (closed by Jupyter.stop)
    process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        [sys.executable, "-m", "toolkit.lab.server", *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=rooms.environment(case_folder),
        cwd=case_folder / "notebooks",
        # Its own process group: Ctrl-C in the terminal reaches the lab alone, which then ends this in order.
        start_new_session=os.name == "posix",
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    line = _first_line(process)
    if not line:
        _stop(process)
        log.close()
        if port is not None and _taken(port):
            raise UsageError(f"Port {port} is taken; leave --port out to take a free one.")
        raise UsageError(f"JupyterLab did not start; its log is {rooms.log}.")
    ready = json.loads(line)
    return Jupyter(process, log, f"http://127.0.0.1:{ready['port']}/lab/tree/{FIRST}?token={ready['token']}")


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """The line that says JupyterLab listens; empty when it ended or took too long."""
    lines: queue.Queue[bytes] = queue.Queue()
    assert process.stdout is not None
    out = process.stdout

    def read() -> None:
        lines.put(out.readline())
        while out.read(65536):
            pass

    threading.Thread(target=read, daemon=True).start()
    try:
        return lines.get(timeout=START_SECONDS)
    except queue.Empty:
        return b""


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    for harder in (process.terminate, process.kill):
        try:
            process.wait(STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            harder()
    process.wait()
