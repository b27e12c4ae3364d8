"""Writes ``_paths.h``: for each coupling (l1, l2, l3), what one bond does with its channels.

Run ``python -m ase_ecn.nn.so3.generate`` after a change here; a test compares the file with what
this writes. The couplings' constants stand in the code, zeros are left out.

For one bond with harmonics ``y`` the small matrix ``M[i][k] = sum_j C[i][j][k] y[j]`` maps
component i of the input to component k of the output; it is the same for all channels. ``w`` are
the channels' radial weights, from four rows of the table. Channels are innermost everywhere, so
every statement in a loop works on a vector of them. ``d`` after a name is the derivative along a
direction in which the bonds move.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ase_ecn.nn.so3.coupling import HARMONICS, MAX_DEGREE, coupling, degrees_of_paths

_HEAD = """/* Written by generate.py, which explains it; not to be changed by hand. */
"""
_ZERO = 1e-12
PATHS_FILE = Path(__file__).parent / "_paths.h"


def _size(degree: int) -> int:
    return 2 * degree + 1


class _Path:
    """The code of one coupling."""

    def __init__(self, l1: int, l2: int, l3: int) -> None:
        self.degrees = (l1, l2, l3)
        self.c = coupling(l1, l2, l3)
        self.rows, self.columns = _size(l1), _size(l3)
        used = np.abs(self.c).max(axis=1) > _ZERO
        self.used = [(i, k) for i in range(self.rows) for k in range(self.columns) if used[i, k]]

    def _small(self, name: str, harmonics: str) -> list[str]:
        """The matrix M, or its derivative."""
        offset = self.degrees[1] ** 2
        lines = []
        for i, k in self.used:
            terms = [
                f"R(({float(self.c[i, j, k])!r})) * {harmonics}[{offset + j}]"
                for j in range(self.c.shape[1])
                if abs(self.c[i, j, k]) > _ZERO
            ]
            lines.append(f"    const REAL {name}{i}_{k} = {' + '.join(terms)};")
        return lines

    def _forwards(self, small: str, values: str, k: int) -> str:
        """Component k of the output."""
        return " + ".join(f"{values}{i} * {small}{i}_{k}" for i, kk in self.used if kk == k)

    def _backwards(self, small: str, values: str, i: int) -> str:
        """Component i of the input's gradient."""
        return " + ".join(f"{values}{k} * {small}{i}_{k}" for ii, k in self.used if ii == i)

    def _load(self, name: str, array: str, count: int, stride: str) -> list[str]:
        return [
            f"        const VEC {name}{c} = LOAD({array} + {c} * {stride} + u);"
            for c in range(count)
        ]

    def _start(self, name: str, arguments: str) -> list[str]:
        label = "_".join(map(str, self.degrees))
        # Inlined, they would make functions that take minutes to compile and are no quicker.
        return [f"APART void NAME({name}_{label})({arguments})", "{"]

    def forward(self) -> list[str]:
        lines = self._start("forward", "FORWARD_ARGUMENTS")
        lines += self._small("m", "y")
        lines += [
            "    for (int64_t u = 0; u < m; u += LANES) {",
            "        const VEC w = WEIGHTS(h);",
        ]
        lines += self._load("x", "x", self.rows, "m")
        for k in range(self.columns):
            lines.append(f"        ADD(a + {k} * ca + u, w * ({self._forwards('m', 'x', k)}));")
        return [*lines, "    }", "}"]

    def dual_forward(self) -> list[str]:
        lines = self._start("dual_forward", "DUAL_FORWARD_ARGUMENTS")
        lines += self._small("m", "y") + self._small("md", "yd")
        lines += ["    for (int64_t u = 0; u < m; u += LANES) {"]
        lines += ["        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);"]
        lines += self._load("x", "x", self.rows, "m") + self._load("xd", "xd", self.rows, "m")
        for k in range(self.columns):
            lines.append(f"        const VEC t{k} = {self._forwards('m', 'x', k)};")
            moved = f"{self._forwards('m', 'xd', k)} + {self._forwards('md', 'x', k)}"
            lines.append(f"        ADD(a + {k} * ca + u, w * t{k});")
            lines.append(f"        ADD(ad + {k} * ca + u, w * ({moved}) + wd * t{k});")
        return [*lines, "    }", "}"]

    def backward(self) -> list[str]:
        lines = self._start("backward", "BACKWARD_ARGUMENTS")
        lines += self._small("m", "y")
        lines += [f"    VEC n{i}_{k} = {{0}};" for i, k in self.used]
        lines += ["    VEC slope = {0};", "    for (int64_t u = 0; u < m; u += LANES) {"]
        lines += ["        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);", "        VEC z = {0};"]
        lines += self._load("g", "g", self.columns, "cg")
        for i in range(self.rows):
            lines += [
                "        {",
                f"            const VEC x = LOAD(x_ + {i} * m + u), xw = x * w;",
                f"            const VEC s = {self._backwards('m', 'g', i)};",
                "            z += x * s;",
                f"            ADD(gx + {i} * m + u, w * s);",
                *(f"            n{i}_{k} += xw * g{k};" for ii, k in self.used if ii == i),
                "        }",
            ]
        lines += ["        slope += wr * z;", "    }", "    *gr += slope;"]
        offset = self.degrees[1] ** 2
        for j in range(self.c.shape[1]):
            terms = [
                f"R(({float(self.c[i, j, k])!r})) * n{i}_{k}"
                for i, k in self.used
                if abs(self.c[i, j, k]) > _ZERO
            ]
            lines.append(f"    gy[{offset + j}] += {' + '.join(terms)};")
        return [*lines, "}"]

    def parameters(self) -> list[str]:
        lines = self._start("parameters", "PARAMETERS_ARGUMENTS")
        lines += self._small("m", "y")
        lines += [
            "    for (int64_t u = 0; u < m; u += LANES) {",
            "        const VEC w = WEIGHTS(h);",
        ]
        lines += self._load("g", "g", self.columns, "cg")
        lines += ["        VEC z = {0};"]
        for i in range(self.rows):
            lines += [
                "        {",
                f"            const VEC s = {self._backwards('m', 'g', i)};",
                f"            z += LOAD(x_ + {i} * m + u) * s;",
                f"            ADD(gx + {i} * m + u, w * s);",
                "        }",
            ]
        lines += [f"        ADD(gt + {b} * width + u, h[{b}] * z);" for b in range(4)]
        return [*lines, "    }", "}"]

    def dual_parameters(self) -> list[str]:
        lines = self._start("dual_parameters", "DUAL_PARAMETERS_ARGUMENTS")
        lines += self._small("m", "y") + self._small("md", "yd")
        lines += ["    for (int64_t u = 0; u < m; u += LANES) {"]
        lines += ["        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);"]
        lines += self._load("g", "g", self.columns, "cg") + self._load(
            "gd", "gd", self.columns, "cg"
        )
        lines += ["        VEC z = {0}, zd = {0};"]
        for i in range(self.rows):
            both = f"{self._backwards('m', 'g', i)} + {self._backwards('md', 'gd', i)}"
            lines += [
                "        {",
                f"            const VEC s = {self._backwards('m', 'gd', i)};",
                f"            const VEC p = {both};",
                f"            const VEC x = LOAD(x_ + {i} * m + u), xd = LOAD(xd_ + {i} * m + u);",
                "            z += x * p + xd * s;",
                "            zd += x * s;",
                f"            ADD(gx + {i} * m + u, w * p + wd * s);",
                f"            ADD(gxd + {i} * m + u, w * s);",
                "        }",
            ]
        lines += [
            f"        ADD(gt + {b} * width + u, h[{b}] * z + hd[{b}] * zd);" for b in range(4)
        ]
        return [*lines, "    }", "}"]

    def code(self) -> list[str]:
        """All functions of this path."""
        parts = (
            self.forward,
            self.dual_forward,
            self.backward,
            self.parameters,
            self.dual_parameters,
        )
        return [line for part in parts for line in part()]


def _polynomial(terms: dict[tuple[int, int, int], float]) -> str:
    """C code of a polynomial in u0, u1, u2."""
    written = []
    for powers, factor in terms.items():
        if factor:
            factors = [f"u{axis}" for axis, power in enumerate(powers) for _ in range(power)]
            written.append(" * ".join([f"R({float(factor)!r})", *factors]))
    return " + ".join(written) or "0"


def _derivative(
    terms: dict[tuple[int, int, int], float], axis: int
) -> dict[tuple[int, int, int], float]:
    found = {}
    for powers, factor in terms.items():
        if powers[axis]:
            lower = list(powers)
            lower[axis] -= 1
            found[(lower[0], lower[1], lower[2])] = factor * powers[axis]
    return found


def _harmonics() -> list[str]:
    """Harmonics of a unit vector, and the gradients of their polynomials."""
    lines = [
        "INLINE void NAME(harmonics)(const int degree, const REAL u0, const REAL u1,",
        "                            const REAL u2, REAL *y, REAL (*dy)[3])",
        "{",
    ]
    for degree, components in enumerate(HARMONICS):
        lines.append(f"    if (degree >= {degree}) {{")
        for m, terms in enumerate(components):
            place = degree**2 + m
            lines.append(f"        y[{place}] = {_polynomial(terms)};")
            lines += [
                f"        dy[{place}][{axis}] = {_polynomial(_derivative(terms, axis))};"
                for axis in range(3)
            ]
        lines.append("    }")
    return [*lines, "}"]


def generate() -> str:
    """The content of ``_paths.h``."""
    lines = [_HEAD, "#define PATHS(P) \\"]
    paths = degrees_of_paths(MAX_DEGREE)
    lines += [f"    P({l1}, {l2}, {l3}) \\" for l1, l2, l3 in paths[:-1]]
    lines += ["    P({}, {}, {})".format(*paths[-1]), ""]
    lines += _harmonics()
    for path in paths:
        lines += _Path(*path).code()
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATHS_FILE.write_text(generate())
