"""Run benchmarks, print the table and draw the scaling plots."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import warnings
from pathlib import Path

import torch

from benchmarks.common import Options, Row, environment, to_json

NAMES = (
    "bonds",
    "predictions",
    "calculator",
    "relaxations",
    "cell_and_atoms_speed",
    "size",
    "cliffs",
    "number",
    "screens",
    "quotient",
    "training_step",
    "so3",
    "gpu",
    "hull",
    "startup",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=[], help=f"any of {', '.join(NAMES)}")
    parser.add_argument("--data", type=Path, default=os.environ.get("ASE_ECN_DATA"))
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--brief", action="store_true", help="fewer and smaller crystals")
    parser.add_argument("--device", help="of the benchmark gpu: cuda, or cpu as a stand-in")
    parser.add_argument("--busy", action="store_true", help="processor time, not wall time")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(NAMES)}")
    if arguments.data is None and arguments.names != ["gpu"]:
        parser.error("where the data lie: --data or ASE_ECN_DATA")
    warnings.filterwarnings("ignore")
    options = Options(
        Path(arguments.data or "."),
        arguments.brief,
        arguments.repeats,
        arguments.busy,
        arguments.device,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    print(environment())
    print("| work | here | peer | ratio | must | aim |\n|---|---|---|---|---|---|")
    everything = [name for name in NAMES if name != "gpu" or has_device(arguments.device)]
    for name in arguments.names or everything:
        rows = importlib.import_module(f"benchmarks.{name}").measure(options)
        (arguments.out / f"{name}.json").write_text(to_json(rows))
        for row in rows:
            print(line(row))
        sys.stdout.flush()
        draw(name, rows, arguments.out)
    return 0


def has_device(asked: str | None) -> bool:
    """Whether there is a GPU, or another device is to stand in for one."""
    return asked is not None or torch.cuda.is_available()


def line(row: Row) -> str:
    """One line of the table in Markdown."""

    def shown(value: float | None, unit: str = "") -> str:
        if value is None:
            return ""
        if unit == "s" and value < 1:
            return f"{1000 * value:.3g} ms"
        return f"{value:.3g} {unit}".strip()

    cells = [row.work, shown(row.ours, row.unit), shown(row.peer, row.unit)]
    cells += [shown(row.ratio), shown(row.must), shown(row.aim)]
    return f"| {' | '.join(cells)} |"


def draw(name: str, rows: list[Row], folder: Path) -> None:
    """Draw time and memory against size for rows that hold series."""
    series = [row for row in rows if "sizes" in row.details]
    if not series:
        return
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.subplots(1, 2)
    for row in series:
        details = row.details
        for panel, quantity, label in zip(
            axes, ("seconds", "bytes"), ("time / s", "memory / bytes"), strict=True
        ):
            if quantity in details:
                panel.loglog(details["sizes"], details[quantity], "o-", label=row.work)
            panel.set(xlabel=details["of"], ylabel=label)
    axes[0].legend(fontsize="small")
    figure.savefig(folder / f"{name}.png", dpi=150)


if __name__ == "__main__":
    raise SystemExit(main())
