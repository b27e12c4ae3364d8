"""Cells relaxed here compared with VASP's own relaxation, from vasprun.xml and OUTCAR files.

    python examples/compare_vasp.py RUN_FOLDER other/vasprun.xml.gz OUTCAR --plot lengths.png

Each run's first ionic step is relaxed here and compared with its last one; properties are predicted
for the cell relaxed here, which is what a screening without DFT would have. All cells of a run
share their lattice vectors. Formation energies would need VASP's energies of the elements.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ase_ecn.checkpoint import DEFAULT_ECN, DEFAULT_EMPNN, read_card
from ase_ecn.comparison import compare, comparison_text, lengths_figure, summary_text
from ase_ecn.report import write_comparison
from ase_ecn.vasp import read_runs, with_final_positions


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Compare cells relaxed here with VASP's.")
    parser.add_argument("paths", nargs="*", type=Path, help="vasprun.xml, OUTCAR, or folders")
    parser.add_argument("--jsonl", type=Path, help="collected relaxations, as docs/data.md has it")
    parser.add_argument(
        "--final-positions", action="store_true", help="start from VASP's final ones"
    )
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw the lengths")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="write all as one page")
    options = parser.parse_args(arguments)
    if not options.paths and not options.jsonl:
        parser.error("nothing to compare: give files, folders or --jsonl")
    elements = read_card(DEFAULT_ECN).elements & read_card(DEFAULT_EMPNN).elements
    runs, failures = read_runs(options.paths, elements, options.jsonl)
    if options.final_positions:
        runs = [with_final_positions(run) for run in runs]
    comparisons = compare(runs)
    print("\n\n".join([*map(comparison_text, comparisons), summary_text(comparisons)]))
    if options.plot and comparisons:
        lengths_figure(comparisons).savefig(options.plot)
    if options.report and comparisons:
        write_comparison(comparisons, options.report)
    for failure in failures:
        print(f"skipped {failure}", file=sys.stderr)
    return 1 if failures or not runs else 0


if __name__ == "__main__":
    sys.exit(main())

# Prints at the end, with --final-positions and --jsonl vasp/relaxations.jsonl.gz of docs/data.md:
# 48 runs, relative error of the lengths:
#   mean   2.61% at the start, 0.90% here
#   median 1.05% at the start, 0.60% here
#   closer to VASP's cell than the start: 88%
