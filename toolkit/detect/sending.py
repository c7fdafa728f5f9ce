"""Bursts of sending: what a taken-over mailbox is most often used for.

Source: MITRE ATT&CK T1534 and T1566.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from toolkit.detect.evidence import Evidence
from toolkit.detect.finding import Detection, Judgement, Stage
from toolkit.detect.words import listed, plural, text

HOUR = 3600  # seconds
SENT = ("send", "sendas", "sendonbehalf")


def burst(evidence: Evidence) -> ir.Table:
    """SD-01: many recipients or mails of one account in an hour or a day, against what is usual for it.

    From the message trace if the case has one, else from the audit log: that names no recipients, so mails count.
    """
    limits = evidence.settings.thresholds
    rows = _traced(evidence) if evidence.messages is not None else _audited(evidence)
    rows = rows.mutate(hour=rows.time.truncate("h"), day=rows.time.truncate("D"))
    hours = rows.group_by("user", "hour").agg(recipients=rows.recipient.nunique(), mails=rows.mail.nunique())
    old = hours if evidence.cut is None else hours.filter(hours.hour < ibis.literal(evidence.cut))
    usual = old.group_by("user").agg(recipients=old.recipients.quantile(0.95), mails=old.mails.quantile(0.95))
    # A burst is counted in the sixty minutes up to each mail, not in hours of the clock.
    rows = rows.mutate(at=rows.time.epoch_seconds(), one_mail=rows.first_of_mail.cast("int64"))
    hour = ibis.range_window(group_by="user", order_by="at", preceding=HOUR, following=0)
    rows = rows.mutate(mails_hour=rows.one_mail.sum().over(hour))
    hour = ibis.range_window(group_by="user", order_by="at", preceding=HOUR, following=0)
    rows = rows.mutate(recipients_hour=rows.recipient.nunique().over(hour))
    days = rows.group_by("user", "day").agg(recipients_day=rows.recipient.nunique())
    usual = usual.rename(usual_recipients="recipients", usual_mails="mails")
    rows = rows.left_join(usual, "user").drop("user_right").left_join(days, ["user", "day"])
    rows = rows.drop("user_right", "day_right")
    # Without a cut the burst itself is among the hours: then whoever has one on several days always sends so.
    factor = 0 if evidence.cut is None else limits.times_usual
    many = (rows.mails_hour >= limits.mails_an_hour) & (rows.mails_hour >= factor * rows.usual_mails.fill_null(0)) | (
        rows.recipients_hour >= limits.recipients_an_hour
    ) & (rows.recipients_hour >= factor * rows.usual_recipients.fill_null(0))
    if evidence.cut is None:
        bursts = rows.filter(many).group_by("user").agg(burst_days=rows.filter(many).day.nunique())
        always = bursts.filter(bursts.burst_days >= limits.usual_burst_days)
        rows = rows.mutate(many=many).anti_join(always, "user").select(*rows.columns, "many")
        many = rows.many
    peaks = rows.filter(many).select("user", peak=rows.filter(many).at)
    peaks = peaks.group_by("user", hour=peaks.peak // HOUR).agg(latest=peaks.peak.max(), earliest=peaks.peak.min())
    near = rows.inner_join(peaks, "user").filter(ibis._.at <= ibis._.latest, ibis._.at >= ibis._.earliest - HOUR)
    ids = near.select("row_id").distinct()
    whole_day = (rows.recipients_day >= limits.recipients_a_day) & ibis.literal(evidence.messages is not None)
    wanted = rows.filter(whole_day).select("row_id").union(ids, distinct=True)
    return rows.semi_join(wanted, "row_id").mutate(group=ibis._.day.cast("string"))


def _audited(evidence: Evidence) -> ir.Table:
    audit = evidence.audit
    rows = audit.filter(
        audit.operation.lower().isin(SENT),
        audit.time.notnull(),
        audit.row_id == audit.record_id,
        audit.user_principal_name.notnull(),
    )
    return rows.select(
        "row_id",
        "record_id",
        "time",
        "ip_address",
        "session_id",
        "subject",
        user=rows.user_principal_name.lower(),
        mail=ibis.coalesce(rows.internet_message_id, rows.record_id),
        recipient=ibis.literal(None, "string"),
        first_of_mail=ibis.literal(True),
        table=ibis.literal("audit"),
    )


def _traced(evidence: Evidence) -> ir.Table:
    """A row for each mail and recipient: the portal has the recipients of a mail in one row, Graph a row for each.

    A mail that several exports have counts once.
    """
    messages = evidence.messages
    assert messages is not None
    rows = messages.filter(
        messages.time.notnull(),
        messages.row_id == messages.record_id,
        messages.sender_address.contains("@"),
        messages.direction.lower().fill_null("") != "incoming",
    )
    own = evidence.internal_domains or _own_domains(messages)
    if own:
        rows = rows.filter(rows.sender_address.lower().re_extract("@(.*)$", 1).isin(sorted(own)))
    rows = rows.mutate(
        mail=ibis.coalesce(rows.message_id, rows.record_id),
        recipient=rows.recipient_address.fill_null("").lower().split(";").unnest(),
    )
    rows = rows.mutate(recipient=rows.recipient.strip().nullif(""))
    copies = ibis.window(group_by=[rows.mail, rows.recipient], order_by=[rows.time, rows.row_id])
    rows = rows.mutate(copy=ibis.row_number().over(copies))
    rows = rows.filter(rows["copy"] == 0)
    window = ibis.window(group_by=[rows.mail], order_by=[rows.time, rows.row_id, rows.recipient])
    return rows.select(
        "row_id",
        "time",
        "subject",
        "mail",
        "recipient",
        record_id=rows.record_id + "|" + rows.recipient.fill_null(""),
        ip_address=rows.from_ip,
        session_id=ibis.literal(None, "string"),
        user=rows.sender_address.lower(),
        first_of_mail=ibis.row_number().over(window) == 0,
        table=ibis.literal("messages"),
    )


def _own_domains(messages: ir.Table) -> frozenset[str]:
    """The domains that have part in every message of a trace: the organisation's own, where nothing else tells them."""
    parts = [
        messages.select("row_id", domain=messages[column].lower().re_extract("@([^@;]*)$", 1))
        for column in ("sender_address", "recipient_address")
    ]
    both = parts[0].union(parts[1], distinct=True)
    domains = both.group_by("domain").agg(rows=both.row_id.nunique())
    every = int(messages.count().execute())
    return frozenset(domains.filter(domains.rows == every, domains.domain != "").execute().domain)


def judge_burst(rows: pd.DataFrame, evidence: Evidence) -> Judgement | None:
    mails, people = rows.mail.nunique(), rows.recipient.nunique()
    first, last = rows.time.iloc[0], rows.time.iloc[-1]
    minutes = max(1, round((last - first).total_seconds() / 60))
    during = f"in {plural(minutes, 'minute')}" if minutes <= 120 else "in one day"
    subjects = listed((text(s) for s in rows.subject), 1)
    about = f" The first subject: “{subjects.partition(' and ')[0]}”." if subjects else ""
    if evidence.messages is not None:
        summary = f"{plural(mails, 'mail')} to {plural(people, 'recipient')} left the account {during}.{about}"
        return Judgement("high", summary + " Counted in the message trace.")
    summary = f"{plural(mails, 'mail')} left the account {during}, far more than usual.{about}"
    return Judgement("high", summary + " Counted in the audit log, which does not name the recipients.")


def _nothing_sent(evidence: Evidence) -> str:
    if evidence.messages is None and not evidence.counts.get("audit"):
        return "no message trace and no audit log in this case"
    return ""


DETECTIONS = (
    Detection(
        id="SD-01",
        title="Burst of sending",
        technique="T1534",
        needs=(),
        innocent="A newsletter, invitations, or a program that sends in the account's name.",
        source="https://attack.mitre.org/techniques/T1534/",
        candidates=burst,
        judge=judge_burst,
        stage=Stage.HISTORY,
        cannot_run=_nothing_sent,
    ),
)
