"""The lab as a user starts it: `python -m toolkit lab --no-browser --case FOLDER --practice`."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

START_SECONDS = 120


class LabProcess:
    """A running lab: `url` opens it, `folder` is its case, `said` what it printed so far."""

    def __init__(
        self,
        folder: Path | None,
        scratch: Path,
        *,
        python: str = sys.executable,
        practice: bool = True,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.said: list[str] = []
        began = time.monotonic()
        # The lab's own state goes to a scratch folder, as does the documents folder of a lab without --case.
        home = {"XDG_STATE_HOME": str(scratch / "state"), "XDG_DOCUMENTS_DIR": str(scratch / "documents")}
        named = [] if folder is None else ["--case", str(folder), *(["--practice"] if practice else [])]
        scratch.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [python, "-m", "toolkit", "lab", "--no-browser", *named, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | home,
            cwd=scratch,
            # A run of the tests in the background has Ctrl-C and hang-ups ignored, and would pass that on.
            preexec_fn=_signals_work if os.name == "posix" else None,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self._wait_for_url()
        self.seconds = time.monotonic() - began

    @property
    def base(self) -> str:
        return self.url.split("/lab")[0]

    @property
    def token(self) -> str:
        return self.url.rsplit("token=", 1)[1]

    def stop(self, how: int = signal.SIGINT) -> int:
        """End it as Ctrl-C does (or by another signal); returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _wait_for_url(self) -> str:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                line = self._lines.get(timeout=max(0.1, until - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                self.process.kill()
                raise AssertionError(f"the lab did not say its URL:\n{''.join(self.said)}")
            if found := re.search(r"http://127\.0\.0\.1:\d+/lab\S*token=\w+", line):
                return found[0]


def _signals_work() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
