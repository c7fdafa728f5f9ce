"""Evidence as an attacker, a broken disk or a spreadsheet program would leave it: real exports, bent."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

from hypothesis import strategies as st

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples" / "contoso-bec"
MOST = 6_000  # bytes of a seed: what breaks a reader is the shape, not the length

# What real and hostile files have held in the wrong place.
SHARDS = [
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc0\xaf", b"\xed\xa0\x80",
    b'"', b'""', b'"""', b",", b";", b"\r",
    b"\n", b"\r\n", b"\r\n\r\n", b"{", b"}", b"[", b"]", b"[[[[[[[[", b"{{", b":", b"\\",
    b"\\ud800", b"\\u0000", b"null",
    b"NaN", b"1e999", b"9" * 40, b"-0", b"true", b'"value":[', b"=cmd|'/c calc'!A1", b"<script>alert(1)</script>",
    b"9999-99-99T99:99:99Z", b"12026-01-01", b"infinity", b"31/12/2026 25:61:61", b"../../etc/passwd",
    b"'; DROP TABLE audit;--",
    b"\xe2\x80\xae", b"A" * 3000, b" " * 300, b"\t", b"$", b"{cell:x}", b"%s%n", b"\x1a", b"\x85", b"\xe2\x80\xa8",
]  # fmt: skip


def _csv_seed(name: str, rows: int) -> bytes:
    lines = (SAMPLES / name).read_bytes().split(b"\r\n")
    return b"\r\n".join(lines[: rows + 1])[:MOST] + b"\r\n"


def _page_seed(name: str, records: int) -> bytes:
    page = json.loads((SAMPLES / name).read_text("utf-8"))
    return json.dumps(page | {"value": page["value"][:records]}, indent=1).encode()


def csv_seeds() -> list[bytes]:
    return [
        _csv_seed("purview-audit-search.csv", 4),
        _csv_seed("search-unifiedauditlog-katrin.vogel.csv", 4),
        b"CreationDate,UserIds,Operations,AuditData\r\n3/4/2026 7:22:01 AM,a@b.example,Send,\r\n",
        b"Date (UTC),Request ID,User,Username,IP address,Location,Status\r\n"
        b'2026-01-01T00:00:00Z,r1,A,a@b.example,203.0.113.9,"Melbourne, Victoria, AU",Success\r\n',
        b"TimeGenerated [UTC],Operation,OfficeWorkload,UserId,OfficeId,Parameters\r\n"
        b'"4/28/2021, 2:54:37.000 PM",New-InboxRule,Exchange,a@b.example,o1,'
        b'"[\n {""Name"":""Name"",""Value"":""x""}\n]"\r\n',
    ]


def json_seeds() -> list[bytes]:
    page = _page_seed("signins-beta-interactive-page1.json", 2)
    record = json.loads(page)["value"][0]
    audit = {
        "CreationTime": "2026-01-01T00:00:00",
        "Id": "a1",
        "Operation": "Send",
        "RecordType": 2,
        "UserId": "a@b.example",
    }
    return [
        page[:MOST],
        page + b"\n" + page,
        b"\n".join(json.dumps(r).encode() for r in (record, audit, {"x": 1}, audit)),
        json.dumps([audit, audit | {"Parameters": [{"Name": "Name", "Value": "x"}]}]).encode(),
        json.dumps(
            [{"AuditData": json.dumps(audit), "Operations": "Send", "UserIds": "a@b.example"}], indent=4
        ).encode(),
        _page_seed("secure-scores.json", 1)[:MOST],
    ]


def bend(seeds: list[bytes], number: int) -> bytes:
    """A seed with some of it taken out, doubled or replaced; now and then wrapped or cut. The same for the number."""
    dice = random.Random(number)
    data = dice.choice(seeds)
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 6))):
        where, length = dice.randrange(len(data) + 1), dice.choice((0, 0, 1, 2, 5, 40, 400))
        shard = dice.choice(SHARDS) if dice.random() < 0.7 else dice.randbytes(dice.randrange(9))
        kind = dice.choices(("replace", "take out", "double", "cut"), (8, 3, 3, 1))[0]
        if kind == "replace":
            data = data[:where] + shard + data[where + length :]
        elif kind == "take out":
            data = data[:where] + data[where + length :]
        elif kind == "double":
            data = data[: where + length] + data[where:]
        else:
            data = data[:where]
    wrapping = dice.choices(("", "bom", "utf-16", "gzip", "cut gzip"), (16, 1, 1, 1, 1))[0]
    if wrapping == "utf-16":
        return data.decode("utf-8", "replace").encode("utf-16")
    if "gzip" in wrapping:
        packed = gzip.compress(data, 1, mtime=0)
        return packed[: len(packed) * 2 // 3] if "cut" in wrapping else packed
    return b"\xef\xbb\xbf" + data if wrapping == "bom" else data


def bent(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """Bent files. Drawn by a number: drawn by the byte, most would be the same few short ones."""
    return st.integers(0, 2**62).map(lambda number: bend(seeds, number))
