"""The ECN as an ASE calculator."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import (
    Calculator,
    PropertyNotImplementedError,
    all_changes,
    all_properties,
    external_calculators,
    register_calculator_class,
)
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, CrystalLike, as_atoms, as_crystal
from ase_ecn.errors import OptionError, OutOfDomainWarning, PropertyUnavailableError
from ase_ecn.properties import ase_names, ase_results, find

if TYPE_CHECKING:
    import torch

    from ase_ecn.own_phases import PhasesLike
    from ase_ecn.prediction import Prediction

_DERIVATIVES = ("forces", "stress", "stresses")
_ENERGIES = ("energy", "free_energy", *_DERIVATIVES)  # in a part of the time of all properties
INFO_PREFIX = "ecn_"
"""Prefix of the keys that :meth:`ECNCalculator.annotate` writes to ``atoms.info``."""


class ECNCalculator(Calculator):
    """Properties of crystals from an Equivariant Crystal Network.

    Standard ASE names: ``energy`` and ``free_energy`` are the **formation energy of the cell** in
    eV (not a DFT total energy), ``magmom`` the absolute magnetization of the cell in µB,
    ``magmoms`` the (N,) absolute site moments in µB. Other properties are available through
    :meth:`get_property`. Those of the default checkpoint are ``formation_energy`` (eV/atom),
    ``band_gap`` and ``band_gap_hse`` (eV, of PBE(+U) and of a hybrid functional),
    ``metal_probability``, ``magnetization`` (µB/cell), ``fermi_level`` (eV, VASP's reference),
    ``site_moments`` ((N,) µB), ``forces`` (eV/Å), ``stress`` (eV/Å³), and the uncertainties
    ``formation_energy_std`` (eV/atom) and ``band_gap_std`` (eV); 90 % of errors are expected within
    1.645 of these.
    From the formation energy follow ``energy_above_hull`` (eV/atom), ``decomposition``,
    ``stability`` and ``stability_50meV``; see :class:`ase_ecn.hull.HullDistance`.
    ``ecn-pes`` gives the DFT energy of the cell as ``energy`` instead, with forces and stress.
    ASE's file formats silently drop non-standard properties; use :meth:`annotate` or
    :meth:`db_row` to keep them.

    Parameters
    ----------
    checkpoint
        Name of a bundled checkpoint or path of a ``.safetensors`` file; ``None`` for
        ``"ecn-mp"``.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    dtype
        ``"float32"`` or ``"float64"`` for the network.
    phases
        Phases of your own that crystals compete with, beside those of the package; see
        :func:`ase_ecn.own_phases.known_phases`.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    OptionError
        If the device or dtype does not exist.
    CrystalError
        When attached to atoms that are not a valid crystal of supported elements.
    """

    name = "ecn"
    # The network knows nothing of these, so a change of them leaves the results valid.
    ignored_changes = {"initial_charges", "initial_magmoms"}  # noqa: RUF012

    def __init__(
        self,
        checkpoint: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        phases: PhasesLike = None,
    ) -> None:
        # Late, because it imports PyTorch, and ASE must know this class without.
        from ase_ecn.own_phases import known_phases
        from ase_ecn.prediction import PropertyPredictor

        self.predictor = PropertyPredictor(
            checkpoint, device=device, dtype=dtype, phases=known_phases(phases)
        )
        self._prediction: Prediction | None = None
        self._crystal: Crystal | None = None
        self._is_whole = False
        self._asked_for_more = False
        self._lock = threading.RLock()
        self._warned_of_domain = False
        self._with_forces = False
        # A list of its own: extending the inherited one would change every calculator.
        self.implemented_properties = ase_names(self.predictor.properties)
        super().__init__(**self.predictor.card.provenance(), dtype=dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()

    def set(self, **parameters: Any) -> dict[str, Any]:
        """Refuse to change anything, as a loaded network cannot; called by ASE.

        Raises
        ------
        OptionError
            If one of the parameters has another value than in :attr:`parameters`.
        """
        if not self.parameters:  # while it is being made
            return dict(super().set(**parameters))
        for name, value in parameters.items():
            if name not in self.parameters or self.parameters[name] != value:
                raise OptionError(
                    f"{name}={value!r} cannot be set afterwards: make another calculator, "
                    "ECNCalculator(checkpoint, device=..., dtype=...)"
                )
        return {}

    def set_atoms(self, atoms: Atoms) -> None:
        """Validate atoms when ``atoms.calc = calculator`` is executed."""
        card = self.predictor.card
        card.check_system(as_crystal(atoms, card.elements).numbers)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = all_properties,
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Fill :attr:`results`; called by ASE.

        Of a crystal with the same atoms as the last one only the energy is computed, in a fraction
        of the time, unless more is asked for, or was of the last one. Forces and stress are left
        out until they are asked for; from then on they are always computed.
        """
        super().calculate(atoms, list(properties), list(system_changes))
        assert self.atoms is not None
        self._with_forces = self._with_forces or any(name in _DERIVATIVES for name in properties)
        crystal = as_crystal(self.atoms, self.predictor.card.elements)
        more = self._asked_for_more or any(name not in _ENERGIES for name in properties)
        self._asked_for_more = False
        prediction = None if more else self._energy_alone(crystal)
        if prediction is None:
            prediction = self.predictor.predict([crystal], forces=self._with_forces)[0]
            self._is_whole = True
        self._crystal, self._prediction = crystal, prediction
        self.results = ase_results(prediction, len(crystal))
        self._warn_once_of_domain(prediction)

    def _energy_alone(self, crystal: Crystal) -> Prediction | None:
        """The energy beside what is known of this crystal; ``None`` for other atoms, or no gain."""
        last = self._crystal
        if last is None or not np.array_equal(last.numbers, crystal.numbers):
            return None
        from ase_ecn.energy import predict_energy  # late, as above

        found = predict_energy(self.predictor, crystal, forces=self._with_forces)
        known = (last.cell, crystal.cell), (last.scaled_positions, crystal.scaled_positions)
        same = self._prediction is not None and all(np.array_equal(*pair) for pair in known)
        self._is_whole = self._is_whole and same
        if found is None or self._prediction is None or not self._is_whole:
            return found
        return self._prediction.with_values(found)

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """What has changed since the last calculation, of what the network knows of atoms."""
        last = self.atoms
        if last is None:
            return list(all_changes)
        known = (
            ("cell", last.cell.array, atoms.cell.array),
            ("pbc", last.pbc, atoms.pbc),
            ("positions", last.positions, atoms.positions),
            ("numbers", last.numbers, atoms.numbers),
        )
        return [name for name, before, now in known if not _same(before, now, tol)]

    @property
    def prediction(self) -> Prediction | None:
        """All properties of the last crystal; ``None`` if there is none."""
        with self._lock:
            if self._prediction is not None and self._crystal is not None and not self._is_whole:
                whole = self.predictor.predict([self._crystal], forces=self._with_forces)[0]
                self._prediction, self._is_whole = whole, True
                if self.results:  # of this crystal still
                    self.results = ase_results(whole, len(self._crystal))
            return self._prediction

    def reset(self) -> None:
        """Discard the last results."""
        super().reset()
        self._prediction = None

    def get_property(
        self, name: str, atoms: CrystalLike | None = None, allow_calculation: bool = True
    ) -> Any:
        """Return one property by its ASE name or by its name in the checkpoint.

        Parameters
        ----------
        name
            ``"energy"``, ``"magmom"``, ``"magmoms"`` or one of :attr:`properties`.
        atoms
            Crystal, also as a pymatgen structure; ``None`` for the last one.
        allow_calculation
            If false, return ``None`` unless the result is already available.

        Raises
        ------
        PropertyNotImplementedError
            For an ASE property that the checkpoint does not predict, such as ``"dipole"``.
        PropertyUnavailableError
            For any other unknown name; the message lists the known names. Also if this crystal
            has no distance to the hull; the message says why.

        Warns
        -----
        OutOfDomainWarning
            If the crystal is unlike the training data (once per calculator), or if one of its
            elements does not occur among the training labels of the property.
        """
        atoms = None if atoms is None else as_atoms(atoms)
        # What is computed last is kept, and another thread may compute something else.
        with self._lock:
            return self._get_property(name, atoms, allow_calculation)

    def _get_property(self, name: str, atoms: Atoms | None, allow_calculation: bool) -> Any:
        if name not in _ENERGIES and allow_calculation:
            self._asked_for_more = True
        if name in self.implemented_properties:
            return super().get_property(name, atoms, allow_calculation)
        if name in all_properties:
            raise PropertyNotImplementedError(
                f"{name} is not predicted by {self.predictor.card.name}; it gives "
                f"{self._known()}. {self._advice(name)}"
            )
        if name not in self.predictor.properties:
            raise PropertyUnavailableError(f"unknown property {name!r}; known are {self._known()}")
        prediction = self._current_prediction(atoms, allow_calculation)
        if prediction is None:
            return None
        self._warn_outside_of_training(name)
        if name in prediction.unavailable:
            raise PropertyUnavailableError(f"{name}: {prediction.unavailable[name]}")
        value = prediction[name]
        return value.copy() if isinstance(value, np.ndarray | dict) else value

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the checkpoint's properties."""
        return self.predictor.properties

    def get_formation_energy(self, atoms: CrystalLike | None = None) -> float:
        """Formation energy in eV/atom."""
        return float(self.get_property("formation_energy", atoms))

    def get_band_gap(self, atoms: CrystalLike | None = None) -> float:
        """Band gap in eV, 0 for metals."""
        return float(self.get_property("band_gap", atoms))

    def get_metal_probability(self, atoms: CrystalLike | None = None) -> float:
        """Probability, 0 to 1, that the crystal is a metal."""
        return float(self.get_property("metal_probability", atoms))

    def get_fermi_level(self, atoms: CrystalLike | None = None) -> float:
        """Fermi level in eV, relative to VASP's average potential."""
        return float(self.get_property("fermi_level", atoms))

    def get_site_moments(self, atoms: CrystalLike | None = None) -> NDArray[np.float64]:
        """Absolute site moments in µB, (N,)."""
        return np.asarray(self.get_property("site_moments", atoms))

    def annotate(self, atoms: CrystalLike) -> Atoms:
        """Write all properties and the provenance to ``atoms.info`` (and ``atoms.arrays``).

        Keys begin with ``ecn_``. Extended XYZ files keep all of them, trajectories keep what is in
        ``atoms.info``. Returns the atoms; for a pymatgen structure these are new atoms.
        """
        atoms = as_atoms(atoms)
        prediction = self._current_prediction(atoms, True)
        assert prediction is not None
        for name, value in prediction.items():
            known = find(name)
            if known.kind == "derivative":
                continue  # ASE's formats keep these
            if isinstance(value, np.ndarray) and known.kind != "tensor":
                atoms.set_array(INFO_PREFIX + name, value)
            else:
                atoms.info[INFO_PREFIX + name] = known.stored(value)
        for name, text in self.predictor.card.provenance().items():
            atoms.info[_provenance_key(name)] = text
        return atoms

    def db_row(self, atoms: CrystalLike) -> dict[str, float | str]:
        """Key-value pairs for ``ase.db``: scalar properties and the provenance.

        ``database.write(atoms, **calculator.db_row(atoms))`` makes them searchable.
        """
        prediction = self._current_prediction(as_atoms(atoms), True)
        assert prediction is not None
        row: dict[str, float | str] = {
            k: find(k).stored(v) for k, v in prediction.items() if not isinstance(v, np.ndarray)
        }
        for name, text in self.predictor.card.provenance().items():
            row[_provenance_key(name)] = text
        return row

    def _current_prediction(self, atoms: Atoms | None, allow: bool) -> Prediction | None:
        with self._lock:
            return self._prediction_of(atoms, allow)

    def _prediction_of(self, atoms: Atoms | None, allow: bool) -> Prediction | None:
        atoms = self.atoms if atoms is None else atoms
        if atoms is None:
            raise PropertyUnavailableError(
                "no atoms were given, and nothing has been computed before"
            )
        changes = self.check_state(atoms)
        if changes:
            self.reset()
        self._asked_for_more = self._asked_for_more or allow
        if self._prediction is None and allow:
            self.calculate(atoms, ["energy"], changes or all_changes)
        return self.prediction if allow or self._is_whole else None

    def _warn_once_of_domain(self, prediction: Prediction) -> None:
        """Warn of the first crystal unlike the training data; the flag tells of the others."""
        if prediction.out_of_domain and not self._warned_of_domain:
            self._warned_of_domain = True
            assert self.atoms is not None
            warnings.warn(
                f"{self.atoms.symbols} is unlike the training data of {self.predictor.card.name}: "
                f"{'; '.join(prediction.out_of_domain)}. Later crystals are flagged in "
                "prediction.out_of_domain without a warning",
                OutOfDomainWarning,
                stacklevel=4,
            )

    def _warn_outside_of_training(self, name: str) -> None:
        known = self.predictor.card.property_elements.get(name)
        if known is None or self.atoms is None:
            return
        foreign = sorted(set(self.atoms.numbers.tolist()) - known)
        if foreign:
            symbols = ", ".join(chemical_symbols[z] for z in foreign)
            warnings.warn(
                f"{name} of {self.atoms.symbols}: no training label has {symbols}; "
                "do not rely on it",
                OutOfDomainWarning,
                stacklevel=3,
            )

    def _advice(self, name: str) -> str:
        if name not in _DERIVATIVES or "forces" in self.predictor.properties:
            return ""
        return (
            "According to its card it was not fitted to forces; "
            "for forces, use a checkpoint that was, such as ecn-mp. "
            "To relax the cell, use ase_ecn.LatticeRelaxer."
        )

    def _known(self) -> str:
        return ", ".join(dict.fromkeys((*self.implemented_properties, *self.properties)))


# So that ASE's get_calculator_class("ecn") finds it after ``import ase_ecn``.
if ECNCalculator.name not in external_calculators:
    register_calculator_class(ECNCalculator.name, ECNCalculator)


def _same(before: NDArray[Any], now: NDArray[Any], tol: float) -> bool:
    """Whether arrays have the same shape and, within a tolerance, the same numbers."""
    if np.array_equal(before, now):
        return True
    if before.shape != now.shape or before.dtype == bool:
        return False
    return bool((np.abs(before - now) <= tol).all())


def _provenance_key(name: str) -> str:
    # A bare hash could be all digits, which ase.db refuses as text; the key is namespaced too.
    return INFO_PREFIX + (name if name != "version" else "checkpoint_version")
