"""A case's tenant for as long as a command runs, and the question whose tenant it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.errors import GuardRefused, PracticeError, UsageError

if TYPE_CHECKING:
    from toolkit.case import Case
    from toolkit.tenant import Tenant


def case_to_ask(folder: Path, *, practice: bool) -> Case:
    """The case of a command that asks its tenant; made where there is none, with `practice` one of the practice tenant.

    Raises:
        UsageError: `practice` was said of a case of a real tenant.
        CaseDamaged: see `open_case`.
    """
    from toolkit.case import open_case

    case = open_case(folder, practice=practice)
    check_practice(case, practice=practice)
    return case


def check_practice(case: Case, *, practice: bool) -> None:
    """See that nobody is led to a real tenant who meant to practise.

    Raises:
        UsageError: `practice` was said of a case of a real tenant.
    """
    if practice and not case.practice:
        raise UsageError(
            f"The case in {case.folder} is one of a real tenant, so nothing was done: leave --practice out, or name "
            "another folder to practise in."
        )


@contextmanager
def connected(
    case: Case,
    signing_in: dict[str, Any] | None = None,
    *,
    purpose: str = "",
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Tenant]:
    """The case's tenant; a practice tenant that is not running runs as long as the command.

    `signing_in` are the options of `cli_sign_in`; a practice case needs none, its tenant signs in by itself.
    `purpose` is what permissions are asked for at once (see `tokens_of`).

    Raises:
        UsageError, SignInFailed, PracticeError, TenantUnreachable: see `toolkit.tenant.connect`.
    """
    from toolkit import practice
    from toolkit.cli_sign_in import tokens_of
    from toolkit.tenant import connect

    if case.practice and signing_in is not None and (unused := _unused(signing_in)):
        click.echo(f"A practice case signs in by itself: {unused} not used.", err=True)
    with ExitStack() as stack:
        if not case.practice and signing_in is not None:
            tenant = connect(case, tokens_of(**signing_in, purpose=purpose), str(signing_in["cloud"]), sleep=sleep)
        else:
            try:
                tenant = connect(case, sleep=sleep)
            except PracticeError:
                if not case.practice:
                    raise
                stack.enter_context(practice.start(case.folder / "practice"))
                tenant = connect(case, sleep=sleep)
        stack.callback(tenant.close)
        yield tenant


def _unused(signing_in: dict[str, Any]) -> str:
    """The options of signing in that were given and that a practice case does not use, with their verb; "" for none."""
    from toolkit.collect.signed import OPTIONS

    names = OPTIONS | {"keep_sign_in": "--keep-sign-in"}
    usual = {"cloud": "global"}
    given = [
        option
        for name, option in names.items()
        if name != "tenant_name" and signing_in.get(name) and signing_in[name] != usual.get(name)
    ]
    return f"{', '.join(given)} {'is' if len(given) == 1 else 'are'}" if given else ""


def confirm_whose(case: Case, tenant: Tenant, named: str | None, nothing: str = "Nothing was collected") -> None:
    """See that the case is of this tenant; where its evidence does not say so, `named` or what a person types does.

    `nothing` begins the sentence that says what was not done without it.

    Raises:
        GuardRefused: neither is the tenant's domain.
    """
    from toolkit.contain import confirm_tenant, tenant_question

    question = tenant_question(case, tenant)
    if not question:
        return
    if named and named.strip().lower() == tenant.domain.lower():
        confirm_tenant(case, tenant, tenant.domain)
        return
    click.echo(question, err=True)
    typed = click.prompt("The domain", err=True, default="", show_default=False) if is_asked() else ""
    if not typed:
        raise GuardRefused(f"{nothing}: name the tenant with --tenant {tenant.domain}, or type it.")
    confirm_tenant(case, tenant, typed)


def is_asked() -> bool:
    """Whether there is somebody to type an answer."""
    return sys.stdin is not None and sys.stdin.isatty()
