"""The notebooks: where the toolkit carries them, and how they come into a case."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbformat.sign import NotebookNotary

import toolkit
from toolkit.errors import UsageError

FIRST = "0-start.ipynb"


def shipped() -> list[Path]:
    """The notebooks that came with this toolkit, in order.

    A wheel carries them inside the package; in a clone they lie beside it.

    Raises:
        UsageError: the installation carries none.
    """
    package = Path(toolkit.__file__).parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / FIRST).exists():
            return sorted(folder.glob("[0-9]-*.ipynb"))
    raise UsageError(f"This installation in {package} carries no notebooks; install the toolkit again.")


def copy_missing(case_folder: Path, notary_folder: Path) -> list[Path]:
    """Copy the notebooks that the case does not have yet; returns those copied.

    A notebook that is there is never touched: the analyst may have written in it. The copies are signed in
    `notary_folder` (Jupyter's data folder), so that JupyterLab trusts them and shows what they display.
    """
    folder = case_folder / "notebooks"
    folder.mkdir(exist_ok=True)
    copied = [folder / page.name for page in shipped() if not (folder / page.name).exists()]
    origin = {page.name: page for page in shipped()}
    notary: Any = NotebookNotary(data_dir=str(notary_folder))  # type: ignore[no-untyped-call]
    try:
        for page in copied:
            shutil.copyfile(origin[page.name], page)
            notary.sign(nbformat.read(page, as_version=4))  # type: ignore[no-untyped-call]
    finally:
        notary.store.close()
    return copied
