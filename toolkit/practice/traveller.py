"""The scenario "traveller": nobody broke in. A business trip with a new phone and a VPN, colleagues around it.

It has what makes detections shout: a far country, places that no aeroplane joins, one session in several of them, a
new device, a way to pass multi-factor authentication added the week before, mistyped passwords, a new inbox rule.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from toolkit.practice.audit_records import (
    EXCHANGE_ITEM,
    MAIL_ITEMS_ACCESSED,
    accessed,
    cmdlet_record,
    directory_object,
    message,
)
from toolkit.practice.audit_records import mailbox_record as mailbox
from toolkit.practice.background import PHONE_CLIENT, WEB_CLIENT, Log, ordinary_days, session_of
from toolkit.practice.directory_records import directory_record, user_parts
from toolkit.practice.names import Record, utc
from toolkit.practice.people import DRAW, Place, people, places
from toolkit.practice.signin_records import App, apps, sign_in

TRAVELLER = "traveller"
FIRST_DAY, LAST_DAY = "2026-09-15", "2026-09-17"
PHONE = "iPhone von Sofia"
PHONE_SET_UP = utc("2026-09-10 08:12:30")
PHONE_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1"
)
HOTEL = Place("tokyo", "198.51.100.", 110, 113, 64507, "Tokyo", "Tokyo", "JP", 35.6762, 139.6503)
VPN = Place("vpn", "146.70.117.", 60, 60, 9009, "Amsterdam", "North Holland", "NL", 52.3740, 4.8897)


def traveller_log(instant: datetime) -> Log:
    """Forty ordinary days, and the trip in place of the traveller's own days of that time."""
    log = Log()
    ordinary_days(log, instant)
    person = people()["marketing"]
    names = {person.upn, person.id}
    log.sign_ins = [
        r for r in log.sign_ins if not (r["userId"] == person.id and FIRST_DAY <= r["createdDateTime"][:10] <= LAST_DAY)
    ]
    log.audit = [r for r in log.audit if not (r["UserId"] in names and FIRST_DAY <= r["CreationTime"][:10] <= LAST_DAY)]
    _Trip(log).take()
    return log


def traveller_innocents() -> list[Record]:
    """What the answer key says about this scenario: whom nobody may blame."""
    return [
        {
            "user": people()["marketing"].upn,
            "what": f"journey to {HOTEL.city} with a phone that was new the week before, and a VPN",
            "from": FIRST_DAY,
            "to": LAST_DAY,
            "country": HOTEL.country,
            "at_most": "low",
        }
    ]


class _Trip:
    """Writes what the trip leaves in the logs."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.person = people()["marketing"]
        self.session = session_of(self.person, utc("2026-09-15 00:00:00").date())
        self.phone_session = DRAW.uuid("phone session", self.person.key)

    def take(self) -> None:
        self._set_up_phone()
        for day in ("2026-09-15", "2026-09-16", "2026-09-17"):
            self._day(day)
        self._rule()

    def _laptop(self, moment: datetime, place: Place, app: App, **how: object) -> None:
        key = f"trip/laptop/{moment:%d%H%M%S}"
        record = sign_in(self.person, moment, place, app, key=key, session=self.session, **how)  # type: ignore[arg-type]
        self.log.add_sign_in(self.person, moment, record, logon=bool(record["isInteractive"]))

    def _phone(self, moment: datetime, place: Place, *, interactive: bool = False, mfa: str = "claim") -> None:
        key = f"trip/phone/{moment:%d%H%M%S}"
        record = sign_in(
            self.person,
            moment,
            place,
            apps()["outlook"],
            key=key,
            session=self.phone_session,
            interactive=interactive,
            mfa=mfa,
        )
        record["userAgent"] = PHONE_AGENT
        record["deviceDetail"] |= {
            "deviceId": DRAW.uuid("device", "phone", self.person.key),
            "displayName": PHONE,
            "operatingSystem": "Ios 18.6",
            "browser": "Mobile Safari 18.6",
            "trustType": "Azure AD registered",
        }
        self.log.add_sign_in(self.person, moment, record, logon=interactive)

    def _set_up_phone(self) -> None:
        office = places()["office"]
        self._laptop(PHONE_SET_UP - timedelta(minutes=3), office, apps()["security_info"])
        self._phone(PHONE_SET_UP + timedelta(minutes=4), office, interactive=True, mfa="push")
        address = office.address(self.person.key)
        for actor, name, changes, place in (
            (self.person, "User registered security info.", [], address),
            ("Azure MFA StrongAuthenticationService", "Update user.", [_NEW_PHONE], ""),
        ):
            record = directory_record(
                actor,
                user_parts(self.person),
                PHONE_SET_UP,
                f"trip/{name}",
                name,
                changes=changes,
                address=place,
                object_id=self.person.upn,
            )
            self.log.audit.append(record)

    def _day(self, day: str) -> None:
        """Nine to six in Tokyo: 00:00 to 09:00 UTC; the phone goes out at its carrier at home when it roams."""
        known, roaming = apps(), places()["mobile"]
        start = utc(f"{day} 00:10:00") + timedelta(minutes=DRAW.number(0, 40, "trip", day))
        if day == FIRST_DAY:
            for tries in range(3):
                moment = start + timedelta(seconds=20 * tries)
                self._laptop(moment, HOTEL, known["office_home"], error=50126, mfa="none")
            start += timedelta(minutes=2)
        self._laptop(start, HOTEL, known["office_home"], mfa="push")
        self._phone(start + timedelta(minutes=7), HOTEL, interactive=day == FIRST_DAY, mfa="push")
        self._phone(start + timedelta(minutes=26), roaming)
        self._laptop(start + timedelta(minutes=41), VPN, known["outlook_web"])
        self._laptop(start + timedelta(minutes=55), VPN, known["sharepoint"], interactive=False)
        self._phone(start + timedelta(minutes=80), HOTEL)
        self._laptop(start + timedelta(minutes=125), HOTEL, known["teams"], interactive=False)
        self._laptop(start + timedelta(minutes=260), VPN, known["outlook_web"])
        self._mail(start + timedelta(minutes=44), VPN, "MailItemsAccessed", accessed(self.person, day, {"Inbox": 12}))
        for number in range(6):
            item = message(f"trip/{day}/{number}", f"Re: Fair in Tokyo, appointment {number + 1}")
            self._mail(start + timedelta(minutes=50 + 9 * number), VPN, "Send", {"Item": item})
        extra = accessed(self.person, f"{day}/phone", {"Inbox": 1}, "Sync")
        self._mail(start + timedelta(minutes=30), roaming, "MailItemsAccessed", extra, phone=True)

    def _mail(self, moment: datetime, place: Place, operation: str, extra: Record, *, phone: bool = False) -> None:
        record = mailbox(
            self.person,
            moment,
            f"trip/{operation}/{moment:%d%H%M%S}",
            operation,
            EXCHANGE_ITEM if operation == "Send" else MAIL_ITEMS_ACCESSED,
            address=place.address(self.person.key),
            session=self.phone_session if phone else self.session,
            client=PHONE_CLIENT if phone else WEB_CLIENT,
            extra=extra,
        )
        self.log.audit.append(record)

    def _rule(self) -> None:
        values = [
            ("Name", "Fair Tokyo"),
            ("SubjectContainsWords", "Tokyo"),
            ("MoveToFolder", "Fair Tokyo"),
            ("StopProcessingRules", "True"),
        ]
        record = cmdlet_record(
            self.person,
            utc("2026-09-16 02:20:15"),
            "trip/rule",
            "New-InboxRule",
            address=HOTEL.address(self.person.key),
            object_id=f"{directory_object(self.person)}\\Fair Tokyo",
            parameters=values,
            session=self.session,
        )
        self.log.audit.append(record)


_NEW_PHONE = (
    "StrongAuthenticationPhoneAppDetail",
    f'[{{"DeviceName": "{PHONE}", "DeviceTag": "SoftwareTokenActivated", "PhoneAppVersion": "6.8.24"}}]',
    "[]",
)
