"""The published limits, where a practice tenant is arranged to keep them."""

from __future__ import annotations

import pytest

from tests.practice.analyst import Client, Clock

SIGN_INS = "/v1.0/auditLogs/signIns?$top=1"
RISK = "/v1.0/identityProtection/riskDetections"


def test_reports_are_five_in_ten_seconds_and_say_how_long_to_wait(client: Client, clock: Clock) -> None:
    client.tenant.arrange(limits=True)
    assert [client.graph("GET", SIGN_INS).status_code for _ in range(6)] == [200] * 5 + [429]
    assert client.graph("GET", SIGN_INS).headers["Retry-After"] == "10"
    clock.seconds += 10
    assert client.graph("GET", SIGN_INS).status_code == 200


def test_identity_protection_is_one_a_second_and_says_nothing(client: Client, clock: Clock) -> None:
    client.tenant.arrange(limits=True)
    assert client.graph("GET", RISK).status_code == 200
    refused = client.graph("GET", RISK)
    assert refused.status_code == 429
    assert "Retry-After" not in refused.headers
    clock.seconds += 1
    assert client.graph("GET", RISK).status_code == 200


def test_nobody_counts_unless_it_is_arranged(client: Client) -> None:
    assert {client.graph("GET", RISK).status_code for _ in range(5)} == {200}
    with pytest.raises(ValueError, match="nothing called 'speed'"):
        client.tenant.arrange(speed=1)
