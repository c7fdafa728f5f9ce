"""Each notebook runs without a browser, on the practice evidence and on published samples."""

from __future__ import annotations

from pathlib import Path

import nbformat
import papermill
import pytest

from tests.needs import ROOT
from toolkit import open_case

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]-*.ipynb"))
SAMPLES = ["det-eng-samples", "graph-docs", "sentinel-training-lab"]


@pytest.fixture(scope="module")
def practice_evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return case_of(ROOT / "data" / "samples" / "contoso-bec", tmp_path_factory.mktemp("case") / "contoso")


@pytest.fixture(scope="module", params=SAMPLES)
def published_sample(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return case_of(shared / "samples" / request.param, tmp_path_factory.mktemp("case") / request.param)


@pytest.fixture
def empty_case(tmp_path: Path) -> Path:
    return case_of(None, tmp_path / "empty")


def case_of(evidence: Path | None, folder: Path) -> Path:
    case = open_case(folder)
    if evidence is not None:
        loading = case.load(evidence)
        assert sum(account.rows for account in loading.files) > 0, f"nothing of {evidence} was loaded"
    case.close()
    return folder


def run(notebook: Path, case: Path, out: Path, **parameters: object) -> nbformat.NotebookNode:
    """Run it as `papermill` does, in another folder; a cell that fails raises."""
    target = out / notebook.name
    papermill.execute_notebook(
        notebook,
        target,
        parameters={"case": str(case), **parameters},
        cwd=out,
        progress_bar=False,
        # A widget's state in the file would carry what a panel holds on the screen.
        store_widget_state=False,
    )
    return nbformat.read(target, as_version=4)


def shown(notebook: nbformat.NotebookNode) -> str:
    """All HTML that the notebook displayed: what is left of it without a kernel."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []
    return "\n".join("".join(o.data.get("text/html", "")) for o in outputs if "data" in o)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_on_the_practice_evidence(notebook: Path, practice_evidence: Path, tmp_path: Path) -> None:
    done = run(notebook, practice_evidence, tmp_path)
    assert shown(done)
    assert "widgets" not in done.metadata


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_on_published_samples(notebook: Path, published_sample: Path, tmp_path: Path) -> None:
    assert shown(run(notebook, published_sample, tmp_path))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_on_a_case_with_no_evidence(notebook: Path, empty_case: Path, tmp_path: Path) -> None:
    assert shown(run(notebook, empty_case, tmp_path))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_for_one_person_some_days_and_another_time_zone(
    notebook: Path, practice_evidence: Path, tmp_path: Path
) -> None:
    chosen = {"users": ["katrin.vogel@contoso.com"], "start": "2026-09-10", "end": "2026-09-19"}
    assert shown(run(notebook, practice_evidence, tmp_path, display_time_zone="Europe/Berlin", **chosen))


def test_without_a_case_a_notebook_says_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOOLKIT_CASE", raising=False)
    with pytest.raises(papermill.PapermillExecutionError) as failure:
        papermill.execute_notebook(
            NOTEBOOKS[0], tmp_path / "out.ipynb", cwd=tmp_path, progress_bar=False, store_widget_state=False
        )
    done = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    (error,) = [o for c in done.cells if c.cell_type == "code" for o in c.outputs if o.output_type == "error"]
    assert failure.value.ename == "CaseUnknown"
    assert len(error.traceback) == 1
    assert error.traceback[0].startswith("No case is named: open this notebook with `python -m toolkit lab`")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_has_the_parameters_that_every_notebook_has(notebook: Path) -> None:
    cells = nbformat.read(notebook, as_version=4).cells
    (cell,) = [c for c in cells if "parameters" in c.metadata.get("tags", [])]
    given: dict[str, object] = {}
    exec(cell.source, given)
    names = ("case", "users", "start", "end", "display_time_zone")
    assert {name: given[name] for name in names} == dict.fromkeys(names[:4]) | {"display_time_zone": "UTC"}
