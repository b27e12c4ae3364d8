"""How the suite is run: shared among processes, the longest files first."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest

MOST_PROCESSES = 6
"""Each takes about 1 GB of memory."""
LONGEST = (
    "test_run.py",
    "test_checkpoint.py",
    "test_documents.py",
    "test_command_line.py",
    "test_in_browser.py",
    "test_phonons.py",
    "test_fuzz.py",
    "test_prototype_library.py",
    "test_reproducibility.py",
    "test_tensor_heads.py",
    "test_fit_properties.py",
    "test_candidates.py",
    "test_fit_so3.py",
    "test_fit_pes.py",
    "test_classes.py",
    "test_on_a_device.py",
    "test_response.py",
    "test_refine.py",
    "test_invariance.py",
    "test_substitution.py",
    "test_examples.py",
    "test_known_phases.py",
    "test_ase_workflows.py",
)
"""Files that take more than four seconds."""


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Share the whole suite among processes; some files of it are done sooner by one."""
    option, cores = config.option, _cores()
    part = any(Path(name).resolve() != Path(__file__).parent for name in option.file_or_dir)
    alone = part or option.usepdb or "PYTEST_XDIST_WORKER" in os.environ
    asked = getattr(option, "numprocesses", 0)  # None if nobody said
    if asked is None and not alone and cores > 1 and option.markexpr.startswith("not slow"):
        option.numprocesses = min(cores, MOST_PROCESSES)
        # Each has a core. Libraries for matrices read it when the processes import them.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        option.dist = "loadfile"  # what a file's tests share is made once
        option.loadscopereorder = False  # by the number of tests; see LONGEST
    if option.usepdb or not getattr(option, "numprocesses", None):
        # A process that only hands tests out starts at once: it needs no PyTorch.
        config.pluginmanager.import_plugin("common_fixtures")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import everything without a search for garbage, and search what was imported never again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that no process works on one while the others are done."""
    if not config.pluginmanager.hasplugin("randomly"):
        rank = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: rank.get(item.path.name, len(rank)))
