"""Crystals that are like others but for a trifle must not take much longer: defects and vacuum."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ase import Atoms
from ase.build import bulk, surface

from ase_ecn import predict, relax
from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.batch import bond_graph
from ase_ecn.symmetry.primitive import near_repetition
from benchmarks.common import Options, Row, take_turns

_SIDE = 6  # conventional cells of MgO: 1,728 atoms
_LARGE_SIDE = 13  # 17,576 atoms
_THIN = 15.0  # Å
_THICK = (50.0, 200.0, 1000.0)
_BOX = 120.0


def measure(options: Options) -> list[Row]:
    """Our side is the odd crystal, the other the plain one: one over the ratio is what it costs."""
    return [*_defects(options), *_vacuum(options), *_far_atom(options)]


def _magnesia(side: int) -> Atoms:
    return bulk("MgO", "rocksalt", a=4.21, cubic=True) * (side, side, side)


def _defective(side: int) -> dict[str, Atoms]:
    vacancy, pair, rattled = (_magnesia(side) for _ in range(3))
    del vacancy[0]
    del pair[[0, len(pair) // 2 + 1]]  # as many atoms of both elements are left
    rattled.rattle(0.02, seed=0)
    return {"a vacancy": vacancy, "two vacancies": pair, "all atoms displaced": rattled}


def _geometry(atoms: Atoms) -> None:
    """All that is done before a network: validation, primitive cells, bonds."""
    crystal = as_crystal(atoms)
    near_repetition(crystal)
    bond_graph(crystal.primitive.crystal, "voronoi")


def _defects(options: Options) -> list[Row]:
    rows = []
    for side in (_SIDE,) if options.brief else (_SIDE, _LARGE_SIDE):
        perfect = _magnesia(side)
        displaced = _defective(side)["all atoms displaced"]
        for name, atoms in _defective(side).items():
            crystals = {"perfect": perfect, "displaced": displaced}
            for other, peer in crystals.items():
                if peer is atoms or (other == "displaced" and name == "all atoms displaced"):
                    continue
                work = f"geometry of {len(atoms)} atoms of MgO, {name}; {other}"
                rows.append(_row(work, _geometry, atoms, peer, options))
    atoms, perfect = _defective(_SIDE)["a vacancy"], _magnesia(_SIDE)
    displaced = _defective(_SIDE)["all atoms displaced"]
    for checkpoint in ("ecn-mp20", "ecn-universal"):
        run = partial(predict, checkpoint=checkpoint, device="cpu")
        for other, peer in (("perfect", perfect), ("displaced", displaced)):
            work = f"`predict` of {len(atoms)} atoms with a vacancy, {checkpoint}; {other}"
            rows.append(_row(work, run, atoms, peer, options, must=1 / 3))
    return rows


def _slab(vacuum: float, side: int) -> Atoms:
    magnesia = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    atoms: Atoms = surface(magnesia, (1, 0, 0), 2, vacuum=vacuum / 2)
    atoms.pbc = True
    atoms *= (side, side, 1)
    atoms.rattle(0.02, seed=0)
    return atoms


def _vacuum(options: Options) -> list[Row]:
    rows = []
    for side in (2,) if options.brief else (2, 12):
        thin = _slab(_THIN, side)
        for thickness in _THICK:
            thick = _slab(thickness, side)
            for checkpoint in ("ecn-mp20", "ecn-universal"):
                run = partial(predict, checkpoint=checkpoint, device="cpu")
                work = (
                    f"`predict` of a slab of {len(thick)} atoms in {thickness:.0f} Å of vacuum, "
                    f"{checkpoint}; in {_THIN:.0f} Å"
                )
                rows.append(_row(work, run, thick, thin, options, must=1 / 3))
    return rows


def _far_atom(options: Options) -> list[Row]:
    """A piece of MgO in a box with an atom of helium in the opposite corner; and without it."""
    rows = []
    run = partial(relax, checkpoint="empnn-mp20", steps=1, device="cpu")
    for side in (4, 8) if options.brief else (4, 8, 12):
        piece = _magnesia(side)
        piece.rattle(0.02, seed=0)
        piece.set_cell([_BOX] * 3)
        both = piece + Atoms("He", [piece.positions.mean(axis=0) + _BOX / 2])
        work = (
            f"one step of `relax`, {len(both)} atoms, one of them far from all others; without it"
        )
        rows.append(_row(work, run, both, piece, options, must=1 / 3))
    return rows


def _row(
    work: str,
    run: Callable[[Atoms], object],
    atoms: Atoms,
    peer: Atoms,
    options: Options,
    must: float | None = None,
) -> Row:
    ours, theirs = take_turns(partial(run, atoms), partial(run, peer), options=options)
    return Row(work, ours, theirs, must=must)
