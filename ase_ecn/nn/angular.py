"""Angles between bonds, by expanding each atom's surroundings in spherical harmonics.

A sum over pairs of bonds costs the square of their number. The same information is in the density
of neighbours about an atom, expanded in spherical harmonics: its product with the harmonics of a
bond sums the Legendre polynomials of the angles to all other bonds, at linear cost.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ase_ecn.nn.layers import edge_parts, scatter_sum

MAX_DEGREE = 4


def spherical_harmonics(unit: Tensor, degree: int) -> list[Tensor]:
    """Real spherical harmonics of degrees 1 to ``degree``.

    Parameters
    ----------
    unit
        (E, 3) unit vectors.
    degree
        At most ``MAX_DEGREE``.

    Returns
    -------
    list of Tensor
        (E, 2 l + 1) for each degree l, so normalised that the scalar product of two of them is
        the Legendre polynomial ``P_l(cos angle)``.
    """
    x, y, z = unit.unbind(1)
    degrees = [unit]
    if degree >= 2:
        s = 3**0.5
        degrees.append(
            torch.stack(
                [
                    s * x * y,
                    s * y * z,
                    0.5 * (3 * z * z - 1),
                    s * x * z,
                    0.5 * s * (x * x - y * y),
                ],
                dim=1,
            )
        )
    if degree >= 3:
        a, b, c = (5 / 8) ** 0.5, 15**0.5, (3 / 8) ** 0.5
        degrees.append(
            torch.stack(
                [
                    a * y * (3 * x * x - y * y),
                    b * x * y * z,
                    c * y * (5 * z * z - 1),
                    0.5 * z * (5 * z * z - 3),
                    c * x * (5 * z * z - 1),
                    0.5 * b * z * (x * x - y * y),
                    a * x * (x * x - 3 * y * y),
                ],
                dim=1,
            )
        )
    if degree >= 4:
        a, b, c = 35**0.5 / 2, (35 / 8) ** 0.5, 5**0.5 / 2
        d = (5 / 8) ** 0.5
        x2, y2, z2 = x * x, y * y, z * z
        degrees.append(
            torch.stack(
                [
                    a * x * y * (x2 - y2),
                    b * y * z * (3 * x2 - y2),
                    c * x * y * (7 * z2 - 1),
                    d * y * z * (7 * z2 - 3),
                    (35 * z2 * z2 - 30 * z2 + 3) / 8,
                    d * x * z * (7 * z2 - 3),
                    0.5 * c * (x2 - y2) * (7 * z2 - 1),
                    b * x * z * (x2 - 3 * y2),
                    0.25 * a * (x2 * x2 - 6 * x2 * y2 + y2 * y2),
                ],
                dim=1,
            )
        )
    return degrees


class AngularDensity(nn.Module):
    """Invariants of the density of neighbours around each atom.

    With harmonics ``Y`` of the bonds, bond weights ``w`` and C learned channels
    ``v_ij = (V h_j) * (U e_ij)``, the density is ``A_i = sum_j w_ij v_ij Y(r_ij)``. Each degree
    gives C features per bond, ``A_i . Y(r_ij) = sum_k w_ik v_ik P_l(cos angle_jik)``, and C per
    atom, ``A_i . A_i``; both are bounded smoothly.
    """

    def __init__(self, features: int, edge_features: int, channels: int, degree: int) -> None:
        super().__init__()
        self.degree = degree
        self.value = nn.Linear(features, channels, bias=False)
        self.radial = nn.Linear(edge_features, channels)

    def forward(
        self,
        h: Tensor,
        edges: Tensor,
        harmonics: list[Tensor],
        source: Tensor,
        target: Tensor,
        weight: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return (E, C * degree) features of bonds and (N, C * degree) features of atoms."""
        radial = self.radial(edges)
        values = self.value(h)
        harmonics = harmonics[: self.degree]
        y = torch.cat(harmonics, dim=1)
        if torch.is_grad_enabled():
            v = values.index_select(0, target) * radial * weight[:, None]
            density = scatter_sum(y[:, :, None] * v[:, None, :], source, h.shape[0])
            bonds = self._by_degree(density.index_select(0, source) * y[:, :, None])
        else:
            radial *= weight[:, None]
            density = h.new_zeros(h.shape[0], y.shape[1], values.shape[1])
            parts = list(edge_parts(source.shape[0], h.device))
            for part in parts:
                v = values.index_select(0, target[part]).mul_(radial[part])
                density.index_add_(0, source[part], y[part, :, None] * v[:, None, :])
            bonds = h.new_empty(source.shape[0], self.degree * values.shape[1])
            for part in parts:
                along = density.index_select(0, source[part]).mul_(y[part, :, None])
                bonds[part] = self._by_degree(along)
        atoms = self._by_degree(density * density)
        return bonds * torch.rsqrt(1 + bonds * bonds), atoms / (1 + atoms)

    def _by_degree(self, products: Tensor) -> Tensor:
        """Sum (K, M, C) over the harmonics of each degree among all M: (K, C * degree)."""
        sizes = [2 * degree + 1 for degree in range(1, self.degree + 1)]
        return torch.cat([part.sum(dim=1) for part in products.split(sizes, dim=1)], dim=1)
