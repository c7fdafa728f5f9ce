"""The README shows the command line's real help, and the commands that CI runs."""

from __future__ import annotations

import re

import click
from click.testing import CliRunner

from tests.needs import ROOT
from toolkit.cli import cli
from toolkit.collect.described import profiles_markdown
from toolkit.contain.actions import ACTIONS
from toolkit.tenant.permissions import permissions_markdown

README = (ROOT / "README.md").read_text("utf-8")
WIDTH = 88


def real_help(command: str) -> str:
    arguments = [*command.split(), "--help"]
    said = CliRunner().invoke(cli, arguments, prog_name="python -m toolkit", terminal_width=WIDTH)
    return said.output.rstrip()


def every_command() -> list[str]:
    """All commands by their words, those of groups among them."""
    groups = {name: command for name, command in cli.commands.items() if isinstance(command, click.Group)}
    return [*cli.commands, *(f"{name} {inner}" for name, group in groups.items() for inner in group.commands)]


def test_the_help_of_every_command_stands_in_the_readme_as_it_is() -> None:
    shown = dict(re.findall(r"```text\n\$ python -m toolkit ?([^\n]*?) ?--help\n(.*?)\n```", README, re.DOTALL))
    assert shown == {command: real_help(command) for command in ("", *every_command())}


def test_the_table_of_actions_is_the_actions_that_there_are() -> None:
    rows = []
    for action in ACTIONS:
        title = getattr(action, "titled", "").format(name="…") or getattr(action, "title", "Disable the inbox rule …")
        undo = re.split(r"[.:;]", action.undo_note)[0]
        rows.append(f"| {title} | {undo} | {action.live_verified} |")
    assert re.findall(r"^\| .* \| (?:never|\d{4}-\d\d-\d\d.*) \|$", README, re.MULTILINE) == rows


def test_the_table_of_what_is_needed_is_the_one_that_sign_in_and_preflight_go_by() -> None:
    assert permissions_markdown() in README


def test_the_table_of_what_is_collected_is_what_the_profiles_say() -> None:
    assert profiles_markdown() in README


def test_ci_runs_the_commands_that_the_readme_gives_for_the_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    install = 'pip install -c constraints.txt -e ".[test]"'
    assert install in README
    assert install.replace("install", "install -q") in script
    assert script[-1] == "pytest"


def test_neither_readme_nor_constraints_name_a_host_to_install_from() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "constraints.txt", ".pre-commit-config.yaml"):
        text = (ROOT / name).read_text("utf-8")
        assert re.findall(r"https?://\S+|index-url|find-links|@ file", text) == [], name
