"""Whether what is sent to Exchange Online is a cmdlet that it has, with parameters that this has."""

from __future__ import annotations

from typing import Any

from tests.practice.test_exchange import IDENTITY_OPTIONAL

NAMING = frozenset({"Identity", "Mailbox", "SenderAddress", "User", "Trustee"})
"""The reference does not tell parameter sets apart: of what one of them requires, these name the object."""


def is_a_cmdlet(asked: dict[str, Any], cmdlets: dict[str, Any]) -> None:
    """`asked` is the `CmdletInput` of a request, `cmdlets` those of the contracts."""
    cmdlet = cmdlets[asked["CmdletName"]]
    assert cmdlet["online"], asked["CmdletName"]
    for name, value in asked["Parameters"].items():
        parameter = cmdlet["parameters"][name]
        assert parameter["online"], name
        if parameter["type"] == "SwitchParameter":
            assert isinstance(value, bool), name
        elif isinstance(value, dict):
            assert value["@odata.type"] == "#Exchange.GenericHashTable"
        else:
            assert value is None or isinstance(value, str | bool | list), name
    named = NAMING & set(cmdlet["parameters"])
    if asked["CmdletName"] in IDENTITY_OPTIONAL:
        named -= {"Identity"}
    assert {name for name in named if cmdlet["parameters"][name]["required"]} <= set(asked["Parameters"]), asked
