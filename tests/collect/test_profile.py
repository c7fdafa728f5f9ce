"""A profile's file is read strictly, and the profiles that there are can be printed to start from."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from click.testing import CliRunner

from toolkit.cli import cli
from toolkit.collect.profile import NAMES, profile, text_of_profile
from toolkit.collect.roads.graph_lists import InteractiveSignIns
from toolkit.collect.roads.search_log import SearchLog
from toolkit.errors import UsageError

GUID = "456123b3-941e-51a1-860e-5a34b8aa6ccc"
RIGHT = {"days": "[7, 30]", "roads": '["interactive-sign-ins"]'}


def written(folder: Path, **told: str) -> str:
    path = folder / "team.toml"
    path.write_text("".join(f"{key} = {value}\n" for key, value in (RIGHT | told).items() if value), "utf-8")
    return str(path)


def test_a_file_says_all_that_a_profile_has(tmp_path: Path) -> None:
    file = written(
        tmp_path, name='"team"', twice="true", as_kept="true", workspace=f'"{GUID.upper()}"', apps=f'["{GUID}"]',
        roads='["search-audit-log", "interactive-sign-ins", "search-audit-log"]',
    )  # fmt: skip
    read = profile(file)
    assert (read.name, read.days, read.twice, read.as_kept) == ("team", (7, 30), True, True)
    assert read.roads == (SearchLog, InteractiveSignIns)  # one that is named twice is gone once
    assert (read.options.workspace, read.options.apps) == (GUID, (GUID,))
    short = profile(written(tmp_path))
    assert (short.twice, short.as_kept, short.options.workspace, short.options.apps) == (False, False, "", ())


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"twise": "true"}, "has 'twise', which no profile has: perhaps you mean twice; there are name, days, twice"),
        ({"twice": '"false"'}, "has twice that is neither true nor false: write twice = true"),
        ({"as_kept": "1"}, "has as_kept that is neither true nor false"),
        ({"apps": '"abc"'}, "has apps that is no list of application ids"),
        ({"apps": '["abc"]'}, "has 'abc' in apps, which is no application's id: that is a GUID"),
        ({"days": "[3000000]"}, "goes back 3,000,000 days: no service keeps more than 3,650"),
        ({"days": "[30, 7]"}, "has days that do not grow"),
        ({"days": "[7, 7]"}, "has days that do not grow"),
        ({"days": "[0]"}, "has days that do not grow, from 1 on"),
        ({"days": "[]"}, "has days that do not grow, from 1 on"),
        ({"days": "7"}, "has days that is no list of whole numbers"),
        ({"days": "[7.5]"}, "has days that is no list of whole numbers"),
        ({"days": "[true]"}, "has days that is no list of whole numbers"),
        ({"days": ""}, "has no days: it needs a list of whole numbers"),
        ({"roads": ""}, "has no roads: it needs a list of names"),
        ({"roads": "[]"}, "names no road: there are interactive-sign-ins, "),
        ({"roads": '["sign-ins"]'}, "names the road 'sign-ins', which there is not: there are interactive-sign-ins, "),
        ({"workspace": '"sentinel"'}, "has the workspace 'sentinel', which is no workspace's id: that is a GUID"),
        ({"workspace": "7"}, "has workspace that is no text"),
        ({"name": "7"}, "has name that is no text: write it within quotation marks"),
        ({"days": "[7"}, "is no TOML ("),
        ({"days": f"[{'9' * 5000}]"}, "is no TOML ("),
    ],
)
def test_what_is_wrong_is_one_sentence_that_says_what_where_and_what_to_do(
    tmp_path: Path, told: dict[str, str], said: str
) -> None:
    file = written(tmp_path, **told)
    with pytest.raises(UsageError) as refused:
        profile(file)
    assert str(refused.value).startswith(f"The profile {file} {said}")
    assert len(str(refused.value).splitlines()) == 1


def test_a_file_of_windows_notepad_is_read_and_one_that_is_no_utf_8_is_said_to_be_none(tmp_path: Path) -> None:
    path = Path(written(tmp_path))
    right = path.read_bytes()
    path.write_bytes(codecs.BOM_UTF8 + right.replace(b"\n", b"\r\n"))
    assert profile(str(path)).days == (7, 30)
    for other in (right.decode().encode("utf-16"), b'name = "Caf\xe9"\n' + right):
        path.write_bytes(other)
        with pytest.raises(UsageError, match=r"is not written in UTF-8: save it as UTF-8"):
            profile(str(path))


@pytest.mark.parametrize("name", ["standart", "no/such.toml", "~nobody-of-that-name/x.toml", "a\0b"])
def test_a_profile_that_is_not_there_is_said_with_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match=r"There is no profile .*: name one of quick, standard, everything"):
        profile(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_is_printed_and_reads_back_as_the_same(tmp_path: Path, name: str) -> None:
    done = CliRunner().invoke(cli, ["collect", "--print-profile", name])
    assert (done.exit_code, done.stdout, done.stderr) == (0, text_of_profile(name), "")
    path = tmp_path / "mine.toml"
    path.write_text(done.stdout, "utf-8")
    assert profile(str(path)) == profile(name)


def test_a_profile_that_there_is_not_cannot_be_printed() -> None:
    done = CliRunner().invoke(cli, ["collect", "--print-profile", "slow"])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == "There is no built-in profile 'slow'; there are quick, standard, everything."
