"""``hostile``: strange, damaged and absurd inputs, through Python and the command line."""

from __future__ import annotations

import argparse
import logging
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import torch

from ase_ecn.commands.command_line import Command
from reproduce.hostile.hostile_trial import FILES, STRUCTURES, Tally, hostile_batch

logger = logging.getLogger(__name__)

_INPUTS = 200_000


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--inputs", type=int, default=_INPUTS, metavar="N")
    parser.add_argument("--minutes", type=float, help="stop after so long")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, metavar="B", help="number of first batch")


def _run(options: argparse.Namespace) -> int:
    """The exit status is 1 if an input was neither answered nor refused in words."""
    end = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    total, last = Tally(), options.first - (-options.inputs // (STRUCTURES + FILES))
    done = options.first
    while done < last and (end is None or time.monotonic() < end):
        done = _in_a_process(total, options.seed, done, last, end)
    print("| input | number | answered | refused in words |\n|---|---|---|---|")
    for name in sorted({name for name, _ in total.counts}):
        answered, refused = (total.counts[name, end] for end in ("answered", "refused"))
        print(f"| {name} | {answered + refused} | {answered} | {refused} |")
    print(
        f"{total.inputs} inputs, batches {options.first} to {done - 1} of seed {options.seed}; "
        f"{len(total.findings)} findings"
    )
    return int(bool(total.findings))


def _in_a_process(total: Tally, seed: int, first: int, last: int, end: float | None) -> int:
    """Batches in a process of their own until it dies; the number of the next batch."""
    with ProcessPoolExecutor(1, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        for batch in range(first, last):
            if end is not None and time.monotonic() > end:
                return batch
            try:
                found = pool.submit(hostile_batch, (seed, batch)).result()
            except BrokenProcessPool:
                found = Tally(findings=[f"batch {seed} {batch}: the process died"])
            total.add(found)
            for finding in found.findings:
                print(finding, flush=True)
            logger.info("batch %d: %d findings so far", batch, len(total.findings))
            if not found.inputs:
                return batch + 1
    return last


COMMAND = Command("hostile", "strange, damaged and absurd inputs", _add_arguments, _run)
