"""Lines of the log of one relaxation, as ASE's optimizers write them."""

from __future__ import annotations

import time


def strain_line(name: str, step: int, strain: float, volume: float) -> str:
    """Norm of the strain that is asked for, and volume in Å³/atom; headed at step zero."""
    line = f"{name}: {step:4d} {_clock()} {strain:10.6f} {volume:9.3f}\n"
    head = f"{'':{len(name)}}  {'Step':>4} {'Time':>8} {'Strain':>10}  Å^3/atom\n"
    return line if step else head + line


def force_line(name: str, step: int, energy: float, force: float, *, first: bool) -> str:
    """Energy of the primitive cell in eV, and largest force in eV/Å; headed if it is the first."""
    line = f"{name}: {step:4d} {_clock()} {energy:15.6f} {force:10.6f}\n"
    head = f"{'':{len(name)}}  {'Step':>4} {'Time':>8} {'Energy':>15} {'fmax':>10}\n"
    return head + line if first else line


def _clock() -> str:
    return time.strftime("%H:%M:%S")
