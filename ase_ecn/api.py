"""Predictions and relaxations of many crystals in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

import torch
from ase import Atoms

from ase_ecn.card import Card
from ase_ecn.crystal import Crystal, CrystalLike, as_crystal, one_or_several
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.geometry.strain import StrainMask, allowed_strain
from ase_ecn.own_phases import PhasesLike, known_phases
from ase_ecn.prediction import Prediction, PropertyPredictor
from ase_ecn.relaxation.cell_and_atoms import Method, check_method, relax_cell_and_atoms
from ase_ecn.relaxation.constraints import held_by
from ase_ecn.relaxation.course import STRAIN_TOLERANCE, check_stopping
from ase_ecn.relaxation.force_course import FORCE_TOLERANCE, check_force_stopping
from ase_ecn.relaxation.held import NOTHING_HELD, Held
from ase_ecn.relaxation.relaxing_networks import RelaxingNetworks, relaxing_networks
from ase_ecn.relaxation.result import Relaxation

OnError = Literal["raise", "return"]


@overload
def predict(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    forces: bool = True,
    phases: PhasesLike = None,
    on_error: Literal["raise"] = "raise",
) -> list[Prediction]: ...


@overload
def predict(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    forces: bool = True,
    phases: PhasesLike = None,
    on_error: Literal["return"],
) -> list[Prediction | ASEECNError]: ...


def predict(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    forces: bool = True,
    phases: PhasesLike = None,
    on_error: OnError = "raise",
) -> list[Prediction] | list[Prediction | ASEECNError]:
    """Predict the properties of many crystals.

    Parameters
    ----------
    structures
        Atoms or pymatgen structures, one or many.
    checkpoint
        Bundled name or path; ``None`` for ``"ecn-mp"``.
    device, dtype
        As for :class:`~ase_ecn.ECNCalculator`.
    batch_size
        Crystals per pass of the network; affects only speed and memory.
    forces
        Whether to predict forces and stress too if the checkpoint has them, which takes a few
        times as long as the energy alone.
    phases
        Phases of your own that crystals compete with, beside those of the package; see
        :func:`ase_ecn.own_phases.known_phases`.
    on_error
        ``"raise"`` the error of the first invalid structure, before anything is computed, or
        ``"return"`` each error in place of the prediction.

    Returns
    -------
    list of Prediction
        With the bundled checkpoint each has ``formation_energy`` (eV/atom), ``band_gap`` (eV),
        ``metal_probability``, ``magnetization`` (µB/cell) and ``site_moments`` ((N,) µB). With a
        formation energy there are ``energy_above_hull`` (eV/atom) and ``decomposition``, and with
        its uncertainty ``stability`` and ``stability_50meV``; see
        :class:`ase_ecn.hull.HullDistance`.

    Raises
    ------
    CrystalError
        For the first invalid structure; the message gives its position.
    """
    _check_batch_size(batch_size)
    _check_on_error(on_error)
    predictor = PropertyPredictor(
        checkpoint, device=device, dtype=dtype, phases=known_phases(phases)
    )
    found = _each(
        list(one_or_several(structures)), lambda k, s: _validated(k, s, predictor.card), on_error
    )
    crystals = [one for one in found if not isinstance(one, ASEECNError)]
    if on_error == "raise":
        return predictor.predict(crystals, batch_size, forces=forces)
    done = iter(predictor.predict_each(crystals, batch_size, forces=forces))
    return [one if isinstance(one, ASEECNError) else next(done) for one in found]


@overload
def relax(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    method: Method = "lattice",
    positions: bool = False,
    potential: str | Path | None = None,
    strain_tol: float = STRAIN_TOLERANCE,
    fmax: float = FORCE_TOLERANCE,
    steps: int | None = None,
    mask: StrainMask | None = None,
    hydrostatic: bool = False,
    constant_volume: bool = False,
    scalar_pressure: float = 0.0,
    reliable: bool = False,
    on_error: Literal["raise"] = "raise",
    progress: bool = False,
) -> list[Relaxation]: ...


@overload
def relax(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    method: Method = "lattice",
    positions: bool = False,
    potential: str | Path | None = None,
    strain_tol: float = STRAIN_TOLERANCE,
    fmax: float = FORCE_TOLERANCE,
    steps: int | None = None,
    mask: StrainMask | None = None,
    hydrostatic: bool = False,
    constant_volume: bool = False,
    scalar_pressure: float = 0.0,
    reliable: bool = False,
    on_error: Literal["return"],
    progress: bool = False,
) -> list[Relaxation | ASEECNError]: ...


def relax(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    method: Method = "lattice",
    positions: bool = False,
    potential: str | Path | None = None,
    strain_tol: float = STRAIN_TOLERANCE,
    fmax: float = FORCE_TOLERANCE,
    steps: int | None = None,
    mask: StrainMask | None = None,
    hydrostatic: bool = False,
    constant_volume: bool = False,
    scalar_pressure: float = 0.0,
    reliable: bool = False,
    on_error: OnError = "raise",
    progress: bool = False,
) -> list[Relaxation] | list[Relaxation | ASEECNError]:
    """Relax the cells of many crystals at once, or cells and atoms; the inputs are not changed.

    Crystals are batched by size. A batch that does not fit into memory is halved.

    Parameters
    ----------
    structures
        Atoms or pymatgen structures, one or many.
    checkpoint
        Bundled name or path; ``None`` for ``"empnn-mp20"``, or ``"empnn-mp20-atoms"`` with
        ``positions``.
    device, dtype, batch_size
        As for :func:`predict`.
    method, positions, potential
        As for :class:`~ase_ecn.LatticeRelaxer`.
    strain_tol, fmax, steps
        As for :meth:`LatticeRelaxer.run <ase_ecn.LatticeRelaxer.run>`.
    mask, hydrostatic, constant_volume, scalar_pressure
        As for :class:`~ase_ecn.LatticeRelaxer`; the axes are those of each input.
    reliable
        With ``method="all"``: end with the part of the moves that is not likely to be an error of
        the networks. That is closer to DFT's structure, above all of crystals that are nearly
        relaxed, but no minimum of the potential: forces and stress may be larger than ``fmax``.
        The energy is still not above that of the input.
    on_error
        ``"raise"`` the error of the first invalid structure, before anything is computed, or
        ``"return"`` each error in place of the result.
    progress
        Show a progress bar.

    Returns
    -------
    list of Relaxation
        In the order of the input.

    Raises
    ------
    CrystalError
        For the first invalid structure; the message gives its position.
    OptionError
        If an option has an invalid value.
    """
    _check_batch_size(batch_size)
    _check_on_error(on_error)
    check_method(method)
    if reliable and (method != "all" or scalar_pressure):
        raise OptionError('reliable=True needs method="all" and no pressure')
    check_stopping(strain_tol, steps or 0)
    check_force_stopping(fmax, steps or 0)
    allowed = allowed_strain(
        mask,
        hydrostatic=hydrostatic,
        constant_volume=constant_volume,
        scalar_pressure=scalar_pressure,
        with_atoms=method == "all" or positions,
        with_stress=method == "all",
    )
    networks = relaxing_networks(
        checkpoint, potential, method=method, positions=positions, device=device, dtype=dtype
    )
    moving = positions or method == "all"
    inputs = list(one_or_several(structures))
    found = _each(inputs, lambda k, s: _to_relax(k, s, networks, moving), on_error)
    good = [one for one in found if not isinstance(one, ASEECNError)]
    given = [
        structure if isinstance(structure, Atoms) else None
        for structure, one in zip(inputs, found, strict=True)
        if not isinstance(one, ASEECNError)
    ]
    options: dict[str, Any] = {} if steps is None else {"steps": steps}
    options |= {"strain_tol": strain_tol, "allowed": allowed, "progress": progress}
    options |= {"positions": positions, "held": [one for _, one in good]}
    options |= {} if batch_size is None else {"batch_size": batch_size}
    crystals = [crystal for crystal, _ in good]
    if networks.surface is None:
        done = networks.network.relax(crystals, inputs=given, **options)
    else:
        options |= {"fmax": fmax, "pressure": scalar_pressure, "reliable": reliable}
        done = [
            one if atoms is None else one.of(atoms)
            for one, atoms in zip(
                relax_cell_and_atoms(crystals, networks.network, networks.surface, **options),
                given,
                strict=True,
            )
        ]
    results = iter(done)
    return [one if isinstance(one, ASEECNError) else next(results) for one in found]


def _to_relax(
    position: int, structure: CrystalLike, networks: RelaxingNetworks, moving: bool
) -> tuple[Crystal, Held]:
    """A validated crystal and, if atoms are relaxed, what its constraints ask for."""
    with _position_told(position):
        crystal = networks.validated(structure)
        return crystal, held_by(structure) if moving else NOTHING_HELD


_T = TypeVar("_T")


def _each(
    inputs: Sequence[Any], check: Callable[[int, Any], _T], on_error: OnError
) -> list[_T | ASEECNError]:
    """What becomes of each input; an error in its place if errors are returned."""
    found: list[_T | ASEECNError] = []
    for k, structure in enumerate(inputs):
        try:
            found.append(check(k, structure))
        except ASEECNError as error:
            if on_error == "raise":
                raise
            found.append(error)
    return found


def _validated(position: int, structure: CrystalLike, card: Card) -> Crystal:
    with _position_told(position):
        crystal = as_crystal(structure, card.elements)
        card.check_system(crystal.numbers)
        return crystal


@contextmanager
def _position_told(position: int) -> Iterator[None]:
    """Errors say which of the structures they are about."""
    try:
        yield
    except ASEECNError as error:
        raise type(error)(f"structure {position}: {error}") from None


def _check_on_error(on_error: str) -> None:
    if on_error not in ("raise", "return"):
        raise OptionError(f"on_error must be 'raise' or 'return', got {on_error!r}")


def _check_batch_size(batch_size: int | None) -> None:
    if batch_size is not None and batch_size < 1:
        raise OptionError(f"batch_size must be at least 1, got {batch_size}")
