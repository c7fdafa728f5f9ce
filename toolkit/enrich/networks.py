"""What kind of network an address is in: hosting, VPN or Tor, by the user's own list or the package `iporigin`.

No list ships with the toolkit: the good ones belong to others. Without any, classes are "not checked", which is not
the same as "an ordinary connection".
"""

from __future__ import annotations

import csv
import importlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.errors import UsageError

OWN_LIST = "networks.csv"
CLASSES = ("tor", "vpn", "hosting", "microsoft")  # where a network has several, the first of them counts
HOW_TO = (
    f"no network classes: put a list {OWN_LIST} (columns asn or cidr, class: hosting, vpn or tor) into the case "
    "folder, or install the optional package iporigin (account-compromise-toolkit[networks])"
)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass
class NetworkClasses:
    """Classes by AS number and by range, the longest prefixes first; `source` says where they come from, empty when
    there are none."""

    source: str = ""
    by_asn: dict[int, str] = field(default_factory=dict)
    by_range: dict[tuple[int, int], dict[int, str]] = field(default_factory=dict)
    package: Any = None

    @classmethod
    def of(cls, folder: Path) -> NetworkClasses:
        """The list in the case folder and the package, as far as they are there.

        Raises:
            UsageError: the list lacks a column or has an entry that is neither a number nor a range.
        """
        found = cls()
        sources = []
        own = folder / OWN_LIST
        if own.exists():
            found._read(own)
            sources.append(OWN_LIST)
        try:
            found.package = importlib.import_module("iporigin")
            sources.append("iporigin")
        except ImportError:
            found.package = None
        found.source = " and ".join(sources)
        return found

    def _read(self, file: Path) -> None:
        with open(file, encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            names = {name.strip().lower(): name for name in rows.fieldnames or ()}
            kind = names.get("class") or names.get("classes")
            if kind is None or not {"asn", "cidr"} & names.keys():
                raise UsageError(f"{file} needs the columns asn or cidr, and class.")
            for number, row in enumerate(rows, start=2):
                said = _first_class((row.get(kind) or "").lower())
                try:
                    self._add(row.get(names.get("asn", "")) or "", row.get(names.get("cidr", "")) or "", said)
                except ValueError as error:
                    raise UsageError(f"{file}, line {number}: {error}.") from error
        self.by_range = dict(sorted(self.by_range.items(), key=lambda item: -item[0][1]))

    def _add(self, asn: str, cidr: str, said: str) -> None:
        if asn.strip():
            self.by_asn[int(asn.strip().upper().removeprefix("AS"))] = said
        if cidr.strip():
            network = ipaddress.ip_network(cidr.strip(), strict=False)
            self.by_range.setdefault((network.version, network.prefixlen), {})[int(network.network_address)] = said

    def of_address(self, address: IPAddress, asn: int | None) -> str | None:
        """The class of one address; the user's ranges, the smallest first, before AS numbers before the package.

        What the user lists with another class than these (an office, say) is none of them, whatever others say.
        """
        bits, number = (32 if address.version == 4 else 128), int(address)
        for (version, length), ranges in self.by_range.items():
            if version == address.version and (start := number >> (bits - length) << (bits - length)) in ranges:
                return ranges[start] or None
        if asn is not None and asn in self.by_asn:
            return self.by_asn[asn] or None
        if self.package is None:
            return None
        return _first_class(str(self.package.classify(str(address)).kind).lower()) or None


def subnet(address: IPAddress) -> str:
    """The /24 or /64 an address is in: what one subscriber or one room shares."""
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


def in_any(text: str, networks: Iterable[str]) -> bool:
    """The address lies in one of these ranges or is one of these addresses."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(n, strict=False) for n in networks)


def _first_class(text: str) -> str:
    return next((c for c in CLASSES if c in text), "")
