"""``python -m ase_ecn COMMAND``: the command line where ``ase-ecn`` is not on the path."""

from __future__ import annotations

import sys

from ase_ecn.cli import main

if __name__ == "__main__":
    sys.exit(main())
