"""One sitting in the lab: the case, its practice tenant and JupyterLab, started in order and ended together."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from toolkit.lab.jupyter import start_jupyter
from toolkit.lab.pages import copy_missing
from toolkit.lab.practice_case import SCENARIO, load_exports, open_or_make
from toolkit.lab.rooms import rooms_for


def run_lab(
    case: Path | None = None,
    *,
    port: int | None = None,
    open_browser: bool = True,
    practice: bool = False,
) -> int:
    """Open a case in JupyterLab and stay until Ctrl-C, a signal to end, or File ▸ Shut Down; returns 0.

    `case` is the case's folder; without it the practice case under the user's documents is opened. A folder
    that is not there yet, or empty, becomes a case for real evidence, or with `practice` one to practise on.
    `port` is JupyterLab's; without it a free one is taken. Only 127.0.0.1 is listened on.

    Raises:
        UsageError: the folder cannot be a case, the port is taken, or JupyterLab did not start.
        CaseDamaged: the case cannot be read.
        PracticeError: the practice tenant could not start.
    """
    with ExitStack() as on_the_way_out:
        stop = on_the_way_out.enter_context(_until_told_to_stop())
        opened, new = open_or_make(case, practice=practice)
        print(f"{_kind(opened.practice, new)} {opened.folder}", flush=True)
        if opened.practice:
            _start_practice(on_the_way_out, opened.folder)
            if loaded := load_exports(opened):
                print(f"Loaded the {loaded} export files of the practice tenant.", flush=True)
        rooms = rooms_for(opened.folder)
        copy_missing(opened.folder, rooms.data)
        if stop.is_set():
            return 0
        jupyter = start_jupyter(opened.folder, rooms, port=port, open_browser=open_browser)
        on_the_way_out.callback(jupyter.stop)
        print(f"JupyterLab: {jupyter.url}", flush=True)
        print("Stop with Ctrl-C.", flush=True)
        while not jupyter.ended() and not stop.wait(0.3):
            pass
        print("Stopping.", flush=True)
    return 0


def _kind(practice: bool, new: bool) -> str:
    made = "Made a new" if new else "Opened the"
    return f"{made} PRACTICE case (invented people, nothing real is changed):" if practice else f"{made} case:"


def _start_practice(on_the_way_out: ExitStack, case_folder: Path) -> None:
    from toolkit import practice

    on_the_way_out.enter_context(practice.start(case_folder / "practice", scenario=SCENARIO, port=0))


@contextmanager
def _until_told_to_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C and the system's ways of ending a program set, instead of cutting the work short."""
    told = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    before = {
        number: signal.signal(number, tell)
        for number in (getattr(signal, name, None) for name in names)
        # Ignored by whoever started us (nohup, a shell's background job): then it stays ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
