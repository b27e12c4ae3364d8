"""Processes that tests start: to the end, or until they kill themselves at a chosen write.

What they leave then does not hang on luck. A write is a file that is opened to be written, renamed
or removed below a folder, or a statement that SQLite executes. Each is told before it happens;
before one is after the one before.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

_CHANGES = ("BEGIN", "COMMIT", "CREATE", "DELETE", "INSERT", "UPDATE")


def run_in_child(context: ForkServerContext, work: Callable[..., Any], *arguments: Any) -> None:
    """Run a function in a process of its own, which must not fail."""
    assert not _ended(context.Process(target=work, args=arguments))


def killed(
    context: ForkServerContext,
    work: Callable[..., Any],
    *arguments: Any,
    folder: Path,
    before: int,
    like: str = "",
) -> bool:
    """Run a function in a process that kills itself before one of its writes.

    Parameters
    ----------
    context
        Starts the process.
    work, arguments
        What it runs.
    folder
        Files below it count.
    before
        Number of the write, beginning with 0.
    like
        Count only writes whose description contains this: ``"COMMIT"``, ``"INSERT INTO systems"``,
        ``"open out.csv"``, ``"rename .state"``.

    Returns
    -------
    killed
        False if the work was finished before.
    """
    run = partial(work, *arguments)
    return _ended(context.Process(target=_die, args=(folder, before, like, run)))


def killed_when_large(
    context: ForkServerContext, work: Callable[..., Any], *arguments: Any, size: int
) -> bool:
    """The same in the middle of a write, by which a file would become larger than ``size`` bytes.

    The system writes what still fits and kills the process.
    """
    return _ended(context.Process(target=_die_when_large, args=(size, partial(work, *arguments))))


def _ended(process: Any) -> bool:
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL, -signal.SIGXFSZ), process.exitcode
    return bool(process.exitcode)


def _die(folder: Path, before: int, like: str, work: Callable[[], Any]) -> None:
    left = before

    def count(write: str) -> None:
        nonlocal left
        if like in write:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    def statement(text: str) -> None:
        if text.startswith(_CHANGES):
            count(text)

    def event(name: str, given: tuple[Any, ...]) -> None:
        if name not in ("open", "os.rename", "os.remove"):
            return
        reads = name == "open" and not given[2] & (os.O_WRONLY | os.O_RDWR)
        if str(given[0]).startswith(str(folder)) and not reads:
            count(f"{name.removeprefix('os.')} {Path(given[0]).name}")

    def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(statement)
        return connection

    connect = sqlite3.connect
    sqlite3.connect = watched  # this process does nothing else
    sys.addaudithook(event)
    work()


def _die_when_large(size: int, work: Callable[[], Any]) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    work()
