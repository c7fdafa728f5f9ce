"""SI-01, SI-04, SI-05, SI-09 and TK-01: each with a near miss, its named false positive, and what the owner says."""

from __future__ import annotations

from pathlib import Path

from tests.detect.alone import ADELE, acts, alone, entries, entry, place, reason, stamp
from tests.formats.exports import document, named
from toolkit.case import Case
from toolkit.detect import triage

LAGOS = place("NG", 6.5, 3.4)
ALONE_ELSEWHERE = {"ipAddress": "37.120.200.44", "location": LAGOS}
HOME = [entry(f"h{n}", 0, n - 20, deviceDetail={"deviceId": "laptop"}) for n in range(15)]


def test_without_sign_ins_they_are_not_run(case: Case) -> None:
    not_run = {n.id: n.reason for n in triage(case).not_run}
    for name in ("SI-01", "SI-02", "SI-04", "SI-05", "SI-09", "TK-01"):
        assert not_run[name] == "no sign-ins in this case"
    assert not_run["SD-01"] == "no message trace and no audit log in this case"


def test_impossible_travel(case: Case, tmp_path: Path) -> None:
    near = {"userPrincipalName": "b@contoso.com"}
    entries(
        case,
        tmp_path,
        entry("a1", 0),
        entry("a2", 240, **ALONE_ELSEWHERE),  # 5,000 km in four hours
        entry("b1", 0, **near),
        entry("b2", 360, **near, **ALONE_ELSEWHERE),  # in six
    )
    (finding,) = alone(case, "SI-01")
    assert (finding.severity, finding.user, finding.evidence) == ("high", ADELE, ["a1", "a2"])
    assert "4 hours later" in finding.summary
    assert "km, faster than any aeroplane" in finding.summary


def test_impossible_travel_through_a_vpn_or_of_ones_own_device(case: Case, tmp_path: Path) -> None:
    laptop = {"deviceDetail": {"deviceId": "laptop"}}
    entries(case, tmp_path, *HOME, entry("a1", 0, **laptop), entry("a2", 60, **laptop, **ALONE_ELSEWHERE))
    assert [f.severity for f in alone(case, "SI-01")] == ["low"]


def test_impossible_travel_of_a_vpn_class_is_medium(case: Case, tmp_path: Path) -> None:
    (case.folder / "networks.csv").write_text("cidr,class\n37.120.0.0/16,vpn\n", encoding="utf-8")
    entries(case, tmp_path, entry("a1", 0), entry("a2", 60, **ALONE_ELSEWHERE))
    assert [f.severity for f in alone(case, "SI-01")] == ["medium"]


def test_hosting_networks(case: Case, tmp_path: Path) -> None:
    assert "networks.csv" in reason_with_sign_ins(case, tmp_path)
    (case.folder / "networks.csv").write_text("asn,class\n9009,hosting\n14061,tor\n", encoding="utf-8")
    new, exit_node = alone(case, "SI-04")
    assert (new.severity, new.evidence) == ("medium", ["host"])
    assert "a hosting network, M247" in new.summary
    assert (exit_node.severity, exit_node.evidence) == ("high", ["tor"])
    facts = f'[users."{ADELE}"]\nnetworks = ["AS9009"]\n'
    (case.folder / "owner-facts.toml").write_text(facts, encoding="utf-8")
    assert [f.severity for f in alone(case, "SI-04")] == ["low", "high"]


def reason_with_sign_ins(case: Case, folder: Path) -> str:
    entries(case, folder, *HOME, entry("host", 0, **ALONE_ELSEWHERE), entry("tor", 60, ipAddress="188.166.80.17"))
    return reason(case, "SI-04")


def test_hosting_network_of_many_is_the_organisations_vpn(case: Case, tmp_path: Path) -> None:
    others = [
        entry(f"o{n}", 0, n - 9, userPrincipalName=f"u{n}@contoso.com", ipAddress="37.120.200.44") for n in range(3)
    ]
    entries(case, tmp_path, *HOME, *others, entry("host", 0, ipAddress="37.120.200.45"))
    (case.folder / "networks.csv").write_text("asn,class\n9009,hosting\n", encoding="utf-8")
    (finding,) = [f for f in alone(case, "SI-04") if f.user == ADELE]
    assert finding.severity == "low"
    assert "its own VPN" in finding.summary


def test_old_protocols(case: Case, tmp_path: Path) -> None:
    printer = {"userPrincipalName": "scan@contoso.com", "clientAppUsed": "Authenticated SMTP"}
    entries(
        case,
        tmp_path,
        entry("imap", 0, clientAppUsed="IMAP4"),
        entry("ropc", 1440, userAgent="BAV2ROPC"),
        entry("failed", 2880, clientAppUsed="IMAP4", error=50126),
        entry("modern", 2880, clientAppUsed="Browser"),
        entry("maybe", 2880, clientAppUsed="Exchange ActiveSync"),
        *[entry(f"p{n}", 0, n - 20, **printer) for n in range(15)],
    )
    found = alone(case, "SI-05")
    assert [(f.severity, f.evidence) for f in found if f.user == ADELE] == [("high", ["imap"]), ("high", ["ropc"])]
    assert found[-3].severity == "low" or [f.severity for f in found if "scan" in f.user][-1] == "low"


def test_wrong_passwords_then_the_right_one(case: Case, tmp_path: Path) -> None:
    there = {"ipAddress": "37.120.200.44"}
    near = {"userPrincipalName": "b@contoso.com", **there}
    late = {"userPrincipalName": "c@contoso.com", **there}
    entries(
        case,
        tmp_path,
        *HOME,
        *[entry(f"w{n}", n, error=50126, **there) for n in range(5)],
        entry("in", 10, ipAddress="37.120.200.99"),
        *[entry(f"n{n}", n, error=50126, **near) for n in range(4)],
        entry("n-in", 10, **near),
        *[entry(f"l{n}", n, error=50126, **late) for n in range(5)],
        entry("l-in", 26 * 60, **late),
    )
    (finding,) = alone(case, "SI-09")
    assert (finding.severity, finding.evidence) == ("high", ["w0", "w1", "w2", "w3", "w4", "in"])
    assert "5 wrong passwords" in finding.summary


def test_wrong_passwords_at_home_are_a_step_lower_and_a_stopped_guess_says_so(case: Case, tmp_path: Path) -> None:
    stopped = {"userPrincipalName": "b@contoso.com", "ipAddress": "37.120.200.44"}
    entries(
        case,
        tmp_path,
        *HOME,
        *[entry(f"w{n}", n, error=50126) for n in range(6)],
        entry("in", 10),
        *[entry(f"s{n}", n, error=50126, **stopped) for n in range(5)],
        entry("mfa", 10, error=50076, **stopped),
    )
    one, two = sorted(alone(case, "SI-09"), key=lambda f: f.user)
    assert (one.severity, two.severity) == ("medium", "high")
    assert "the password is known" in two.summary.lower()


SESSION = {"sessionId": "00aa-session", "isInteractive": True}


def test_one_session_in_two_countries(case: Case, tmp_path: Path) -> None:
    near = {"userPrincipalName": "b@contoso.com", "isInteractive": True}
    entries(
        case,
        tmp_path,
        *HOME,
        entry("s1", 0, **SESSION),
        entry("s2", 600, **SESSION, **ALONE_ELSEWHERE),
        entry("n1", 0, **near, sessionId="one"),
        entry("n2", 600, **near, **ALONE_ELSEWHERE, sessionId="two"),
    )
    access = {"AADSessionId": "00aa-session"}
    acts(
        case,
        tmp_path,
        document(
            "act",
            "MailItemsAccessed",
            CreationTime=stamp(601),
            ClientIPAddress="37.120.200.44",
            AppAccessContext=access,
        ),
        document("service", "Send", CreationTime=stamp(602), ClientIPAddress="52.96.0.1", AppAccessContext=access),
    )
    (finding,) = alone(case, "TK-01")
    assert (finding.severity, finding.evidence, finding.further) == ("high", ["s1", "s2"], {"audit": ["act"]})


def test_one_session_on_two_systems_is_high_and_one_device_on_a_trip_is_low(case: Case, tmp_path: Path) -> None:
    windows = {"deviceDetail": {"operatingSystem": "Windows 11"}, "sessionId": "systems"}
    linux = {"deviceDetail": {"operatingSystem": "Linux"}, "sessionId": "systems"}
    laptop = {"deviceDetail": {"deviceId": "laptop"}, "sessionId": "trip"}
    version = {"userPrincipalName": "b@contoso.com", "sessionId": "version"}
    entries(
        case,
        tmp_path,
        *HOME,
        entry("w", 0, **windows),
        entry("l", 5, **linux),
        entry("t1", 0, **laptop),
        entry("t2", 900, **laptop, **ALONE_ELSEWHERE),
        entry("v1", 0, **version, deviceDetail={"operatingSystem": "Windows 10"}),
        entry("v2", 5, **version, deviceDetail={"operatingSystem": "Windows11"}),
    )
    found = {f.evidence[0]: f.severity for f in alone(case, "TK-01")}
    assert found == {"w": "high", "t1": "low"}


def test_sign_ins_of_the_audit_log_go_by_operation_and_not_by_result(case: Case, tmp_path: Path) -> None:
    def logon(record_id: str, operation: str, minutes: float, error: int, address: str) -> dict[str, object]:
        return document(
            record_id,
            operation,
            CreationTime=stamp(minutes),
            Workload="AzureActiveDirectory",
            RecordType=15,
            ResultStatus="Success",
            ErrorNumber=str(error),
            ClientIP=address,
            UserId=ADELE,
            ExtendedProperties=named(UserAgent="BAV2ROPC" if record_id == "in" else "Mozilla/5.0"),
        )

    wrong = [logon(f"w{n}", "UserLoginFailed", n, 50126, "37.120.200.44") for n in range(5)]
    acts(case, tmp_path, *wrong, logon("in", "UserLoggedIn", 10, 50140, "37.120.200.44"))
    (guessed,) = alone(case, "SI-09")
    assert guessed.evidence == ["w0", "w1", "w2", "w3", "w4", "in"]
    assert any("audit log" in note for note in guessed.notes)
    assert [f.evidence for f in alone(case, "SI-05")] == [["in"]]


def test_an_interruption_counts_as_success_only_where_one_follows(case: Case, tmp_path: Path) -> None:
    imap = {"clientAppUsed": "IMAP4"}
    entries(
        case,
        tmp_path,
        entry("stay", 0, error=50140, correlationId="c1", **imap),
        entry("in", 1, correlationId="c1"),
        entry("left", 2, error=50140, correlationId="c2", **imap),
    )
    assert [f.evidence for f in alone(case, "SI-05")] == [["stay"]]
