"""Screens, and comparisons with VASP, as HTML pages of one file each."""

from __future__ import annotations

from ase_ecn.report.comparison_page import write_comparison
from ase_ecn.report.screen_page import write_report
from ase_ecn.report.thumbnail import thumbnail

__all__ = ["thumbnail", "write_comparison", "write_report"]
