"""What kind of network an address is in: the user's own list, the optional package, and neither."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.formats.exports import document, purview, sign_in, written
from toolkit.case import Case
from toolkit.detect import triage
from toolkit.enrich.addresses import addresses
from toolkit.enrich.networks import NetworkClasses, in_any, subnet
from toolkit.errors import UsageError

# A stand-in for the registry's package: the same function, the same answer's `kind`.
PACKAGE = """
from types import SimpleNamespace

KINDS = {"37.120.200.44": "vpn", "188.166.80.17": "hosting", "185.220.101.1": "tor", "104.28.1.1": "cdn"}


def classify(ip):
    return SimpleNamespace(ip=ip, kind=KINDS.get(ip, "unknown"), provider="", source="local")
"""


@pytest.fixture
def iporigin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The optional package, as pip would have installed it."""
    folder = tmp_path / "site-packages"
    (folder / "iporigin").mkdir(parents=True)
    (folder / "iporigin" / "__init__.py").write_text(PACKAGE, "utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "iporigin", raising=False)
    yield
    sys.modules.pop("iporigin", None)


@pytest.fixture
def no_iporigin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iporigin", None)  # as if it were not installed, wherever this runs


def listed(folder: Path, text: str) -> NetworkClasses:
    (folder / "networks.csv").write_text(text, "utf-8")
    return NetworkClasses.of(folder)


def told(classes: NetworkClasses, address: str, asn: int | None = None) -> str | None:
    return classes.of_address(ipaddress.ip_address(address), asn)


@pytest.mark.usefixtures("no_iporigin")
def test_without_list_and_package_there_is_no_source(tmp_path: Path) -> None:
    classes = NetworkClasses.of(tmp_path)
    assert (classes.source, told(classes, "37.120.200.44", 9009)) == ("", None)


@pytest.mark.usefixtures("no_iporigin")
@pytest.mark.parametrize("turned", [False, True], ids=["wide-first", "narrow-first"])
def test_of_overlapping_ranges_of_the_list_the_smallest_wins_in_any_order(tmp_path: Path, turned: bool) -> None:
    rows = ["37.120.0.0/16,hosting", "37.120.200.0/24,vpn", "37.120.200.44/32,tor", "2001:db8::/32,vpn",
            "2001:db8:1::/48,hosting"]  # fmt: skip
    classes = listed(tmp_path, "\n".join(["cidr,class", *(reversed(rows) if turned else rows)]))
    assert classes.source == "networks.csv"
    asked = ["37.120.1.1", "37.120.200.1", "37.120.200.44", "37.121.0.1", "2001:db8:2::1", "2001:db8:1::1"]
    assert [told(classes, a) for a in asked] == ["hosting", "vpn", "tor", None, "vpn", "hosting"]


@pytest.mark.usefixtures("iporigin")
def test_the_list_comes_before_the_package_and_its_ranges_before_its_numbers(tmp_path: Path) -> None:
    classes = listed(tmp_path, " ASN,cidr,Classes\nAS9009,,hosting\n14061,,vpn\n")
    assert classes.source == "networks.csv and iporigin"
    assert told(classes, "37.120.200.44", 9009) == "hosting"
    assert told(classes, "37.120.200.44") == "vpn"
    classes = listed(tmp_path, "asn,cidr,class\n9009,,hosting\n,37.120.200.0/24,tor\n")
    assert told(classes, "37.120.200.44", 9009) == "tor"


@pytest.mark.usefixtures("iporigin")
def test_what_the_user_lists_as_something_else_is_none_of_the_classes(tmp_path: Path) -> None:
    rows = ["37.120.0.0/16,hosting", "37.120.200.0/24,our office"]
    classes = listed(tmp_path, "\n".join(["cidr,class", *rows]))
    assert told(classes, "37.120.200.44") is None
    assert told(listed(tmp_path, "asn,class\n9009,our proxy\n"), "37.120.200.44", 9009) is None


@pytest.mark.usefixtures("no_iporigin")
def test_of_several_classes_of_one_network_the_worst_counts(tmp_path: Path) -> None:
    classes = listed(tmp_path, "asn,class\n1,Hosting|VPN\n2,hosting tor\n")
    assert [told(classes, "8.8.8.8", n) for n in (1, 2, 3)] == ["vpn", "tor", None]


@pytest.mark.usefixtures("iporigin")
def test_the_package_is_asked_and_what_it_does_not_know_has_no_class(tmp_path: Path) -> None:
    classes = NetworkClasses.of(tmp_path)
    assert classes.source == "iporigin"
    asked = ["37.120.200.44", "188.166.80.17", "185.220.101.1", "104.28.1.1", "84.128.0.1"]
    assert [told(classes, a) for a in asked] == ["vpn", "hosting", "tor", None, None]


@pytest.mark.usefixtures("iporigin")
def test_classes_of_the_package_reach_the_addresses_of_a_case_but_not_microsofts_own(
    case: Case, tmp_path: Path
) -> None:
    records = [document(f"a{n}", ClientIP=ip) for n, ip in enumerate(["37.120.200.44", "84.128.0.1", "52.96.0.1"])]
    case.load(purview(tmp_path / "a.csv", *records))
    found = addresses(case).execute().set_index("ip_address").network_class
    assert found["37.120.200.44"] == "vpn"
    assert found.isna()["84.128.0.1"]
    assert found["52.96.0.1"] == "microsoft"


@pytest.mark.usefixtures("iporigin")
def test_with_the_package_sign_ins_from_hosting_networks_are_looked_for(case: Case, tmp_path: Path) -> None:
    home = [sign_in(f"h{n}", createdDateTime=f"2026-03-{n + 1:02d}T08:00:00Z") for n in range(12)]
    away = sign_in("away", createdDateTime="2026-03-20T08:00:00Z", ipAddress="188.166.80.17")
    case.load(written(tmp_path / "s.json", [*home, away]))
    result = triage(case)
    assert [(f.id, f.severity, f.evidence) for f in result.findings if f.id == "SI-04"] == [
        ("SI-04", "medium", ["away"])
    ]
    assert "SI-04" not in {n.id for n in result.not_run}


@pytest.mark.usefixtures("no_iporigin")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("network,kind\n1,vpn\n", "needs the columns"),
        ("asn,owner\n1,vpn\n", "needs the columns"),
        ("asn,class\nmany,vpn\n", "line 2"),
        ("asn,class\n1,vpn\nAS,vpn\n", "line 3"),
        ("cidr,class\n37.120.0.0/40,vpn\n", "line 2"),
    ],
)
def test_a_list_that_cannot_be_used_says_where(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        listed(tmp_path, text)


@pytest.mark.parametrize(
    ("address", "network"), [("192.0.2.77", "192.0.2.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64")]
)
def test_what_one_room_shares(address: str, network: str) -> None:
    assert subnet(ipaddress.ip_address(address)) == network


def test_an_address_lies_in_a_range_or_is_one_of_the_addresses() -> None:
    ranges = ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32"]
    asked = ["192.0.2.9", "198.51.100.7", "2001:db8::1", "198.51.100.8", "not an address", ""]
    assert [in_any(a, ranges) for a in asked] == [True, True, True, False, False, False]
