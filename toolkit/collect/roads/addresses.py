"""Whose mail a message trace is asked for: the service knows an account by its mail addresses, each asked for alone."""

from __future__ import annotations

from toolkit.collect.pull import Asked, Pull

MOST = 20
"""Addresses of one account that are asked for; a trace takes two calls for each, of a hundred in five minutes."""
NO_ADDRESS = "Entra names no mail address of this account; it was asked for by its user principal name, {name}, alone"
ASKED_FOR = "asked for {addresses}"
LEFT_OUT = "only {most} of the account's {count} addresses were asked for; not {addresses}"


def addresses_of(asked: Asked) -> tuple[str, ...]:
    """The addresses to ask for, at most `MOST`: the user principal name, and the account's mail addresses."""
    return _every(asked)[:MOST]


def with_addresses(pull: Pull, asked: Asked) -> Pull:
    """The same pull, whose reason also says for which addresses it was asked, where that is not the name alone.

    Where some were left out the window is not complete.
    """
    every = _every(asked)
    if not pull.available:
        return pull
    if left := every[MOST:]:
        why = LEFT_OUT.format(most=MOST, count=len(every), addresses=", ".join(left))
        pull.narrow = True
    elif not asked.addresses:
        why = NO_ADDRESS.format(name=asked.user_principal_name)
    elif len(every) > 1:
        why = ASKED_FOR.format(addresses=", ".join(every))
    else:
        return pull
    if why not in pull.reason:
        pull.reason = f"{pull.reason.rstrip('.')}; {why}" if pull.reason else why
    return pull


def _every(asked: Asked) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.lower() for one in (asked.user_principal_name, *asked.addresses)))
