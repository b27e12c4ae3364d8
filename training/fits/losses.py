"""Losses of the two networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from ase_ecn.errors import OptionError
from ase_ecn.nn.layers import scatter_mean
from ase_ecn.training.fits.parallel import batch_mean, processes, total


def multitask_loss(
    outputs: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    scales: Mapping[str, float],
    weights: Mapping[str, float],
    classes: frozenset[str],
) -> Tensor:
    """Weighted sum of masked losses: cross-entropy for classes, else L1 in units of the scale.

    Labels that are NaN count for nothing. Means are over the whole batch, also where several
    processes share it.
    """
    loss = torch.zeros((), device=next(iter(outputs.values())).device)
    for name, label in labels.items():
        known = ~torch.isnan(label)
        prediction, truth = outputs[name][known], label[known]
        if total(len(truth)) == 0:
            continue
        if name in classes:
            part = _cross_entropy(prediction, truth)
        else:
            part = batch_mean((prediction - truth).abs()) / scales[name]
        loss = loss + weights.get(name, 1.0) * part
    return loss


def _cross_entropy(prediction: Tensor, truth: Tensor) -> Tensor:
    if processes() == 1:
        return functional.binary_cross_entropy_with_logits(prediction, truth)
    each = functional.binary_cross_entropy_with_logits(prediction, truth, reduction="none")
    return batch_mean(each)


def relative_metric(predicted: Tensor, true: Tensor) -> Tensor:
    """``C = D D^T`` with ``D = predicted^-1 true`` for (B, 3, 3) cells of rows.

    ``C`` is the identity for equal lattices, independent of the choice of lattice vectors, and
    turns with the predicted lattice; its invariants are those of the relative metric ``G' G^-1``.
    """
    ratio: Tensor = torch.linalg.solve(predicted, true)
    return ratio @ ratio.transpose(1, 2)


def lattice_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """``||C - 1||`` (Frobenius) of the relative metric, (B,). Twice the strain for small ones."""
    eye = torch.eye(3, dtype=predicted.dtype, device=predicted.device)
    difference = relative_metric(predicted, true) - eye
    return torch.sqrt((difference * difference).sum(dim=(1, 2)) + 1e-10)


def log_strain_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """``||log C|| / 2`` of the relative metric, (B,): the norm of the logarithmic strain.

    Half the affine-invariant distance between the two metric tensors,
    ``||log(G^-1/2 G' G^-1/2)||``.
    """
    return torch.sqrt(0.25 * _squared_log(predicted, true) + 1e-10)


def riemannian_metric_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """``tr(log^2(G^-1 G'))``, (B,): the squared affine-invariant distance of metric tensors.

    The paper prints ``tr(G' G)`` for its Riemannian loss, which is smallest for a cell without
    volume and so cannot be what was minimised; this is the invariant metric that its text names.
    """
    return _squared_log(predicted, true)


def _squared_log(predicted: Tensor, true: Tensor) -> Tensor:
    # The gradient of eigenvalues, unlike that of eigenvectors, is finite where they coincide.
    values = torch.linalg.eigvalsh(relative_metric(predicted, true))
    return torch.log(values.clamp(min=1e-6)).square().sum(dim=1)


def lattice_parameters(cells: Tensor) -> Tensor:
    """Lengths in Å and angles in radians, (B, 6), of (B, 3, 3) cells of rows."""
    following, last = cells.roll(-1, dims=1), cells.roll(-2, dims=1)
    crossed = torch.linalg.cross(following, last, dim=2).norm(dim=2)
    # Unlike the arc cosine, this has a finite gradient everywhere.
    angles = torch.atan2(crossed, (following * last).sum(dim=2))
    return torch.cat([cells.norm(dim=2), angles], dim=1)


def normalised_parameter_differences(predicted: Tensor, true: Tensor) -> Tensor:
    """Differences (B, 6) of lengths in units of the cube root of the true volume, and of angles.

    So the loss is the same for a crystal in any unit of length, and lengths weigh about as much
    as angles.
    """
    difference = lattice_parameters(predicted) - lattice_parameters(true)
    unit = torch.linalg.det(true).abs().pow(1 / 3)[:, None]
    return torch.cat([difference[:, :3] / unit, difference[:, 3:]], dim=1)


def parameter_mae_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """Sum of absolute differences of the normalised lattice parameters (appendix B.2), (B,)."""
    return normalised_parameter_differences(predicted, true).abs().sum(dim=1)


def parameter_mse_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """Sum of squared differences of the normalised lattice parameters (appendix B.2), (B,)."""
    return normalised_parameter_differences(predicted, true).square().sum(dim=1)


def metric_tensor(cells: Tensor) -> Tensor:
    """Scalar products (B, 3, 3) in Å² of the lattice vectors."""
    return cells @ cells.transpose(1, 2)


def metric_mae_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """Sum of absolute differences of the metric tensors in Å² (appendix B.2), (B,)."""
    return (metric_tensor(predicted) - metric_tensor(true)).abs().sum(dim=(1, 2))


def metric_mse_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """Sum of squared differences of the metric tensors in Å⁴ (appendix B.2), (B,)."""
    return (metric_tensor(predicted) - metric_tensor(true)).square().sum(dim=(1, 2))


LatticeLoss = Callable[[Tensor, Tensor], Tensor]

LATTICE_LOSSES: Mapping[str, LatticeLoss] = MappingProxyType(
    {
        "parameter-mae": parameter_mae_loss,
        "parameter-mse": parameter_mse_loss,
        "metric-mae": metric_mae_loss,
        "metric-mse": metric_mse_loss,
        "metric-riemann": riemannian_metric_loss,
        "relative-metric": lattice_loss,
        "log-strain": log_strain_loss,
    }
)
"""Losses (B,) of predicted and true (B, 3, 3) cells. The first five are those of table 1 of the
EMPNN paper. All are invariant under rotations, and all but the first four also under the choice
of lattice vectors."""


def position_loss(error: Tensor, cells: Tensor, crystal_of_atom: Tensor) -> Tensor:
    """Mean distance in Å of atoms from where they belong, (B,), wherever the origin is.

    Parameters
    ----------
    error
        (N, 3) differences of fractional coordinates.
    cells
        (B, 3, 3) in which distances are measured, rows.
    crystal_of_atom
        (N,) crystal of each atom.
    """
    counts = torch.bincount(crystal_of_atom, minlength=len(cells))
    error = error - scatter_mean(error, crystal_of_atom, counts)[crystal_of_atom]
    vectors = (error[:, :, None] * cells[crystal_of_atom]).sum(dim=1)
    distances = torch.sqrt((vectors * vectors).sum(dim=1) + 1e-10)
    return scatter_mean(distances, crystal_of_atom, counts)


def lattice_loss_named(name: str) -> LatticeLoss:
    """Look up a loss.

    Raises
    ------
    OptionError
        With the known names.
    """
    if name not in LATTICE_LOSSES:
        raise OptionError(f"unknown loss {name!r}; known are {', '.join(LATTICE_LOSSES)}")
    return LATTICE_LOSSES[name]
