"""Sign-ins in one shape, whichever log they come from, with place, network, system and what came of them.

A sign-in is judged by its error code; in the unified audit log by its operation and ErrorNumber, never by
ResultStatus: failed ones often say "Success" there.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.case import Case
from toolkit.detect.kept import kept, kept_frame
from toolkit.enrich.agents import families, system
from toolkit.enrich.errors import codes, error_groups

BY_CLAIM = "satisfied by claim in the token"
NO_CODE = -1  # failed, and the record does not say why


def logons(case: Case, addresses: ir.Table) -> ir.Table:
    """One row for each sign-in of a person, from Entra's log, and from the audit log where Entra's has none.

    `outcome` is the group of the error code: success, bad_password, lockout, password_ok …; an interruption (such as
    "stay signed in?") that a success of the same correlation follows is one. `network` is the AS number, else the
    /24 or /64. `microsoft`: a service acted for the user.
    """
    entra = _entra(case.signins)
    told = entra.union(_unified(case.audit, case.signins).select(*entra.columns))
    groups = kept_frame(
        case, "logon_groups", pd.DataFrame(error_groups().items(), columns=["error_code", "group_name"])
    )
    agents, systems = _agents(case, told)
    joined = told.left_join(groups, "error_code").drop("error_code_right")
    joined = joined.left_join(agents, "user_agent").drop("user_agent_right")
    joined = joined.left_join(systems, "said_system").drop("said_system_right")
    places = addresses.select("ip_address", "asn", "organisation", "subnet", "network_class", place="country")
    joined = joined.left_join(places, "ip_address").drop("ip_address_right")
    shaped = joined.mutate(
        country=ibis.coalesce(joined.said_country, joined.place),
        system=ibis.coalesce(joined.agent_system, joined.known_system),
        browser=joined.agent_browser,
        network=ibis.coalesce(ibis.literal("AS") + joined.asn.cast("string"), joined.subnet, joined.ip_address),
        microsoft=joined.network_class.fill_null("") == "microsoft",
        outcome=(joined.error_code == 0).ifelse("success", joined.group_name.fill_null("other")),
    ).drop("said_country", "place", "agent_system", "agent_browser", "known_system", "said_system", "group_name")
    return kept(case, "logons", _followed(kept(case, "logons_told", shaped)))


def _followed(rows: ir.Table) -> ir.Table:
    """Interruptions that a success of the same correlation follows count as success."""
    waiting = (rows.outcome == "interrupt") & rows.correlation_id.notnull()
    ends = rows.filter(rows.outcome == "success", rows.correlation_id.notnull())
    ends = ends.semi_join(rows.filter(waiting), ["user", "correlation_id"])
    last = ends.group_by("user", "correlation_id").agg(succeeded=ends.time.max())
    joined = rows.left_join(last, ["user", "correlation_id"]).drop("user_right", "correlation_id_right")
    passed = (joined.outcome == "interrupt") & (joined.succeeded >= joined.time).fill_null(False)
    return joined.mutate(outcome=passed.ifelse("success", joined.outcome)).drop("succeeded")


def _entra(signins: ir.Table) -> ir.Table:
    rows = signins.filter(
        signins.user_principal_name.notnull(),
        signins.time.notnull(),
        signins.row_id == signins.record_id,  # records that contradict each other count once
    )
    claimed = rows.status_details.fill_null("") + rows.authentication_details.fill_null("")
    return rows.select(
        "row_id",
        "record_id",
        "time",
        "ip_address",
        "city",
        "latitude",
        "longitude",
        "app_id",
        "user_agent",
        user=rows.user_principal_name.lower(),
        said_country=rows.country,
        app=ibis.coalesce(rows.app_display_name, rows.app_id),
        client_app=rows.client_app_used,
        said_system=rows.operating_system,
        session_id=rows.session_id.nullif(""),
        correlation_id=rows.correlation_id.nullif(""),
        device_id=rows.device_id.lower().nullif(""),
        error_code=rows.error_code,
        interactive=rows.is_interactive.fill_null(True),
        by_claim=claimed.contains(BY_CLAIM),
        table=ibis.literal("signins"),
    )


def _unified(audit: ir.Table, signins: ir.Table) -> ir.Table:
    """Sign-ins of the audit log, of times that Entra's log does not reach back to, and of people it does not have."""
    operation = audit.operation.lower()
    rows = audit.filter(
        operation.isin(["userloggedin", "userloginfailed"]),
        audit.user_principal_name.notnull(),
        audit.time.notnull(),
        audit.row_id == audit.record_id,
    )
    number = rows.error_number.fill_null(0)
    passed = number.isin([0, *codes("interrupt")])
    code = ibis.cases(
        ((rows.operation.lower() == "userloggedin") & passed, 0), (number == 0, NO_CODE), else_=number
    ).cast("int64")
    empty = {name: ibis.literal(None, kind) for name, kind in (("city", "string"), ("said_country", "string"))}
    shaped = rows.select(
        "row_id",
        "record_id",
        "time",
        "ip_address",
        city=empty["city"],
        latitude=ibis.literal(None, "float64"),
        longitude=ibis.literal(None, "float64"),
        app_id=rows.app_id,
        user_agent=rows.user_agent,
        user=rows.user_principal_name.lower(),
        said_country=empty["said_country"],
        app=rows.app_id,
        client_app=ibis.literal(None, "string"),
        said_system=rows.operating_system,
        session_id=rows.session_id.nullif(""),
        correlation_id=rows.correlation_id.nullif(""),
        device_id=rows.device_id.lower().nullif(""),
        error_code=code,
        interactive=ibis.literal(True),
        by_claim=ibis.literal(False),
        table=ibis.literal("audit"),
    )
    named = signins.filter(signins.user_principal_name.notnull(), signins.time.notnull())
    named = named.mutate(user=named.user_principal_name.lower())
    since = named.group_by("user").agg(since=named.time.min())
    joined = shaped.left_join(since, "user").drop("user_right")
    return joined.filter(joined.since.isnull() | (joined.time < joined.since)).drop("since")


def _agents(case: Case, told: ir.Table) -> tuple[ir.Table, ir.Table]:
    """System and browser for each distinct user agent, and the one name of each distinct system."""
    agents = [str(a) for a in told.user_agent.name("n").as_table().distinct().execute().n.dropna()]
    parsed = [(a, *families(a)) for a in agents]
    systems = [str(s) for s in told.said_system.name("n").as_table().distinct().execute().n.dropna()]
    return (
        kept_frame(case, "logon_agents", _texts(parsed, ["user_agent", "agent_system", "agent_browser"])),
        kept_frame(case, "logon_systems", _texts([(s, system(s)) for s in systems], ["said_system", "known_system"])),
    )


def _texts(rows: Sequence[tuple[str | None, ...]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns, dtype="str")
