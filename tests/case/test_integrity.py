"""What `verify` finds, and what a damaged case says when it is opened."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.formats.exports import document, page, purview, sign_in, written
from toolkit import open_case
from toolkit.case import Case
from toolkit.errors import CaseDamaged, CaseNotFound, UsageError


@pytest.fixture
def filled(case: Case, tmp_path: Path) -> Case:
    case.load(purview(tmp_path / "audit.csv", document("a1"), document("a2")))
    case.load(written(tmp_path / "signins.json", page(sign_in("s1"))))
    assert case.verify() == []
    return case


def only(case: Case, pattern: str) -> Path:
    (found,) = case.folder.glob(pattern)
    found.chmod(stat.S_IREAD | stat.S_IWRITE)
    return found


def test_evidence_is_kept_byte_for_byte_and_read_only(filled: Case, tmp_path: Path) -> None:
    (kept,) = (filled.folder / "evidence").glob("*.csv")
    assert kept.read_bytes() == (tmp_path / "audit.csv").read_bytes()
    assert not kept.stat().st_mode & stat.S_IWUSR


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("pattern", "harm", "says"),
    [
        ("evidence/*.csv", flip, "(audit.csv) was changed"),
        ("evidence/*.json", Path.unlink, "(signins.json) is gone"),
        ("tables/audit/*.parquet", flip, "was changed since it was written"),
        ("tables/signins/*.parquet", Path.unlink, "is gone; load signins.json again"),
    ],
    ids=["evidence-changed", "evidence-gone", "part-changed", "part-gone"],
)
def test_verify_names_the_file_that_is_not_as_it_was(
    filled: Case, pattern: str, harm: Callable[[Path], None], says: str
) -> None:
    harm(only(filled, pattern))
    problems = filled.verify()
    assert len(problems) == 1
    assert says in problems[0]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(("harm", "says"), [(Path.unlink, "is gone from the case"), (cut, "cannot be read; `verify`")])
def test_following_what_verify_says_about_a_lost_part_brings_it_back(
    filled: Case, tmp_path: Path, harm: Callable[[Path], None], says: str
) -> None:
    before = filled.frame("signins")
    harm(only(filled, "tables/signins/*.parquet"))
    opened = open_case(filled.folder)
    with pytest.raises(CaseDamaged, match=says):
        opened.frame("signins")
    account = opened.load(tmp_path / "signins.json").files[0]
    assert (account.rows, account.duplicates) == (1, 0)
    assert opened.verify() == []
    assert opened.frame("signins").equals(before)
    opened.close()


def test_a_lost_catalog_is_no_clean_bill(filled: Case, tmp_path: Path) -> None:
    (filled.folder / "catalog.json").unlink()
    problems = filled.verify()
    assert len(problems) == 2
    assert all("is not in the catalog" in p for p in problems)
    filled.load(tmp_path / "audit.csv", tmp_path / "signins.json")
    assert filled.verify() == []
    assert (filled.count("audit"), filled.count("signins")) == (2, 1)


def test_a_part_that_nobody_journalled_is_found(filled: Case) -> None:
    catalog = json.loads((filled.folder / "catalog.json").read_text())
    catalog["parts"]["audit"].append(dict(catalog["parts"]["audit"][0], path="tables/audit/planted.parquet"))
    (filled.folder / "catalog.json").write_text(json.dumps(catalog))
    assert filled.verify() == ["tables/audit/planted.parquet is in the catalog but not in the journal."]


@pytest.mark.parametrize(("name", "text"), [("catalog.json", "{"), ("catalog.json", "[]"), ("case.json", "not json")])
def test_a_damaged_case_says_which_file(filled: Case, name: str, text: str) -> None:
    (filled.folder / name).write_text(text)
    with pytest.raises(CaseDamaged, match=name):
        open_case(filled.folder).frame("audit")


def test_a_folder_without_a_case_is_said_when_none_may_be_made(tmp_path: Path) -> None:
    with pytest.raises(CaseNotFound, match="There is no case"):
        open_case(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_case_holds_no_database_file_and_leaves_no_scratch(filled: Case) -> None:
    names = [p.name for p in filled.folder.rglob("*") if p.is_file()]
    assert not [n for n in names if n.endswith((".duckdb", ".db", ".tmp", ".part")) or n.startswith(".incoming")]
    assert not [p for p in (filled.folder / ".scratch").rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    "query",
    [
        "DROP VIEW audit",
        "CREATE TABLE x AS SELECT 1",
        "COPY (SELECT 1) TO '{folder}/catalog.json'",
        "COPY (SELECT 1) TO '{folder}/new.csv'",
        "SELECT 1; COPY (SELECT 1) TO '{folder}/new.csv'",
        "ATTACH '{folder}/x.duckdb'",
        "SET TimeZone = 'America/New_York'",
        "INSERT INTO audit VALUES (1)",
        "EXPORT DATABASE '{folder}/out'",
        "",
    ],
)
def test_a_query_cannot_change_the_case(filled: Case, query: str) -> None:
    def files() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in filled.folder.rglob("*") if p.is_file()}

    before = files()
    with pytest.raises(UsageError):
        filled.sql(query.format(folder=filled.folder))
    assert files() == before
    assert filled.sql("SELECT time FROM audit WHERE row_id = 'a1'").time[0].isoformat() == "2026-03-04T05:06:07+00:00"
    assert filled.verify() == []


def test_a_query_that_cannot_run_says_where(filled: Case) -> None:
    with pytest.raises(UsageError, match="no_such_column"):
        filled.sql("SELECT no_such_column FROM audit")
    with pytest.raises(UsageError, match="cannot be run"):
        filled.sql("SELEKT 1")


def test_queries_may_begin_with_anything_that_only_reads(filled: Case) -> None:
    assert filled.sql("WITH a AS (SELECT * FROM audit) FROM a").shape[0] == 2
    assert filled.sql("-- how many\nSELECT count(*) AS n FROM audit;").n[0] == 2
    assert filled.sql("DESCRIBE audit").shape[0] > 40


def test_there_is_no_table_of_that_name(filled: Case) -> None:
    with pytest.raises(UsageError, match="audit"):
        filled.table("mails")
    with pytest.raises(UsageError, match="nothing to load"):
        filled.load([])
    with pytest.raises(UsageError, match="mdy or dmy"):
        filled.load(filled.folder, date_order="ymd")


def test_raw_gives_the_record_as_it_stands_in_the_evidence(case: Case, tmp_path: Path) -> None:
    text = '{"id": "J2",   "createdDateTime":"2026","appId":"x","userPrincipalName":"u","status":{"errorCode":0.0}}'
    case.load(written(tmp_path / "j.json", f"[{json.dumps(sign_in('j1'))}, 7, {text}]"))
    assert case.raw(["j2", "nobody"], "signins") == {"j2": text}
    spaced = json.dumps(document("a2"), indent=3)
    broken = written(tmp_path / "a.csv", purview(tmp_path / "x.csv", document("a1")).read_text() + "broken,row\r\n")
    broken.write_bytes(broken.read_bytes() + purview(tmp_path / "y.csv", spaced).read_bytes().split(b"\r\n", 1)[1])
    assert case.load(broken).files[0].rejected == 1
    assert json.loads(case.raw(["a2"], "audit")["a2"])["AuditData"] == spaced


def test_the_tenants_of_a_case_are_what_its_evidence_names(case: Case, tmp_path: Path) -> None:
    tenant, guest = "8d4121ed-0008-406d-bff9-0d5bb312183c", "11111111-2222-3333-4444-555555555555"
    assert case.tenant_ids == []
    case.load(written(tmp_path / "g.json", [sign_in("g", homeTenantId=guest, resourceTenantId=tenant)]))
    assert case.tenant_ids == [], "a guest's home is no proof"
    case.load(purview(tmp_path / "a.csv", document("a", OrganizationId=tenant.upper())))
    case.load(written(tmp_path / "s.json", [sign_in("s", homeTenantId=tenant, resourceTenantId=tenant)]))
    assert case.tenant_ids == [tenant]
    case.load(purview(tmp_path / "b.csv", document("b", OrganizationId=guest), document("c", OrganizationId="x")))
    assert case.tenant_ids == [guest, tenant]
