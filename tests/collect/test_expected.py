"""Of all that a preflight says, what one run rests on: every road has its sources, and no other ones are counted."""

from __future__ import annotations

from dataclasses import replace

from toolkit.collect.chosen import with_workspace
from toolkit.collect.expected import checks_for, rests_on
from toolkit.collect.profile import ROADS, Profile, profile
from toolkit.collect.state import ACCOUNT, ORGANISATION
from toolkit.practice.log_analytics import WORKSPACE
from toolkit.tenant.needs import NEEDS, SOURCES, STATES
from toolkit.tenant.preflight import REFUSED, WORKS, Check, Preflight, TokenFacts


def told(refused: str = "", *, app_only: bool = False) -> Preflight:
    checks = tuple(Check(need.key, need.what, REFUSED if need.key == refused else WORKS) for need in NEEDS)
    return Preflight(checks, {"graph": TokenFacts("graph", app_only=app_only)})


def keys(chosen: Profile, result: Preflight | None = None, *, states: bool = False) -> set[str]:
    return {check.key for check in checks_for(result or told(), chosen, states=states)}


def test_every_road_rests_on_a_source_of_the_table() -> None:
    known = {need.key for need in SOURCES}
    for name, road in ROADS.items():
        assert set(rests_on(road)) <= known, name
        assert name.startswith("workspace") == (rests_on(road) == ("source:log-analytics",))


def test_only_what_is_asked_is_counted() -> None:
    quick, everything = profile("quick"), profile("everything")
    assert keys(quick) == {"source:sign-ins", "source:audit-cmdlet"}
    assert {"source:audit-activity", "source:audit-search"} <= keys(everything)
    assert "source:log-analytics" not in keys(everything)  # nobody named a workspace
    assert "source:log-analytics" in keys(with_workspace(quick, WORKSPACE))
    # Where the cmdlet is refused another road is gone, unless somebody named the roads.
    assert "source:audit-search" in keys(quick, told("source:audit-cmdlet"))
    assert "source:audit-search" not in keys(replace(quick, helps_out=False), told("source:audit-cmdlet"))
    assert "action:block-sign-in" not in keys(everything, states=True)


def test_states_are_counted_where_they_are_read() -> None:
    quick = profile("quick")
    states = {need.key for need in STATES}
    assert states - keys(quick, states=True) == {"state:rules-graph"}
    assert "state:rules-graph" in keys(quick, told(app_only=True), states=True)
    account = keys(replace(quick, roads=(), states=(ACCOUNT,)), states=True)
    assert {"state:methods", "state:rules", "source:risky-users"} <= account
    assert "state:domains" not in account
    organisation = keys(replace(quick, roads=(), states=(ORGANISATION,)), states=True)
    assert {"state:domains", "source:audit-configuration", "source:secure-score"} <= organisation
    assert "state:methods" not in organisation
    assert keys(replace(quick, states=()), states=True) == keys(quick)
