"""Fixtures for all tests, and the last lines of a run: what was skipped and how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import needs


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of published samples, contracts and reference lists beside the clone; read in place."""
    return needs.shared_folder() or needs.missing(needs.GET_SHARED)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for reason in (needs.GET_A_BROWSER, needs.GET_SHARED):
        if count := sum(reason in text for text in skipped):
            terminalreporter.write_line(f"NOT TESTED ({count} skipped): {reason}", yellow=True, bold=True)
