"""All layers of a small batch of crystals in one call of a C function for each direction.

The steps are those of :class:`~ase_ecn.nn.so3.trunk.Trunk`, from the bonds' vectors to the atoms'
last scalars and back. Their arrays are kept from call to call, so that only numbers of atoms and
bonds are set anew: for one small crystal, all that is done between C functions takes longer than
they do.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ase_ecn.graphs.spheres import SphereArrays
from ase_ecn.nn.so3.bonds import Splines
from ase_ecn.nn.so3.convolution import layer_call
from ase_ecn.nn.so3.library import (
    ACTIVATION,
    BACKWARD,
    CONVOLUTION,
    FORWARD,
    GEOMETRY,
    GRADIENTS,
    PANEL,
    PRODUCT,
    SCALING,
    SUM,
    VALUES,
    Activation,
    Geometry,
    Product,
    Step,
    Sum,
    point,
    run_sequence,
)
from ase_ecn.nn.so3.trunk import Trunk, TrunkLayer

_ATOMS, _BONDS = "atoms", "bonds"


class _Steps:
    """Calls that follow each other, and what of them depends on the sizes of a batch."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._calls: list[tuple[int, ctypes.Structure]] = []
        self._sizes: list[tuple[ctypes.Structure, str, str, int]] = []
        self._steps: ctypes.Array[Step] | None = None

    def add(self, kind: int, call: ctypes.Structure, field: str, of: str, times: int = 1) -> None:
        """One call more, with a field that is so many times the number of atoms or bonds."""
        self._calls.append((kind, call))
        self._sizes.append((call, field, of, times))

    def run(self, atoms: int, bonds: int) -> None:
        """All calls for so many atoms and bonds."""
        if self._steps is None:
            made = [Step(kind, ctypes.addressof(call)) for kind, call in self._calls]
            self._steps = (Step * len(made))(*made)
        for call, field, of, times in self._sizes:
            setattr(call, field, times * (atoms if of == _ATOMS else bonds))
        run_sequence(self._steps, self._dtype)


class LayerSequence:
    """The layers of a network, with arrays for batches of a largest size.

    One thread at a time may use it.

    Parameters
    ----------
    trunk
        The layers; its weights must stay as they are.
    splines, degree
        Of the radial weights, and of the harmonics.
    atoms, bonds
        Largest numbers.
    """

    def __init__(self, trunk: Trunk, splines: Splines, degree: int, atoms: int, bonds: int) -> None:
        self.atoms, self.bonds = atoms, bonds
        self._trunk, self._splines, self._degree = trunk, splines, degree
        self._dtype = trunk.layers[0].table.dtype
        self._kept: dict[Any, Tensor] = {}
        with torch.inference_mode(False), torch.no_grad():
            harmonics = (degree + 1) ** 2
            self._numbers = torch.empty(atoms, dtype=torch.int64)
            self._row = torch.empty(atoms + 1, dtype=torch.int64)
            self._neighbor = torch.empty(bonds, dtype=torch.int32)
            self._bin = torch.empty(bonds, dtype=torch.int32)
            self._vector, self._y = self._of_bonds("vector", 3), self._of_bonds("y", harmonics)
            self._h, self._slope = self._of_bonds("h", 4), self._of_bonds("slope", 4)
            self._passed: list[tuple[list[Tensor], list[Tensor]]] = []
            self._forward = self._made_forward()
        self._backward: _Steps | None = None

    def scalars(self, arrays: SphereArrays) -> NDArray[Any]:
        """(N, width) last scalars of the atoms, as a view that the next call overwrites."""
        atoms, bonds = len(arrays.numbers), len(arrays.vector)
        self._numbers.numpy()[:atoms] = arrays.numbers
        self._row.numpy()[: atoms + 1] = arrays.row
        self._neighbor.numpy()[:bonds] = arrays.neighbor
        self._vector.numpy()[:bonds] = arrays.vector
        np.take(self._embedded, arrays.numbers, axis=0, out=self._first[:atoms])
        self._forward.run(atoms, bonds)
        return self._last[:atoms]

    def earlier(self, atoms: int) -> dict[int, Tensor]:
        """Copies of the features before the last layer, (N, 2 l + 1, width) by degree l."""
        with torch.inference_mode(False):
            return {degree: part[:atoms].clone() for degree, part in self._earlier.items()}

    def pulls(self, by_scalars: NDArray[Any], bonds: int) -> NDArray[Any]:
        """(E, 3) derivatives by the bonds' vectors, from those by the scalars of the last call."""
        if self._backward is None:
            with torch.inference_mode(False), torch.no_grad():
                self._backward = self._made_backward()
        atoms = len(by_scalars)
        self._by_scalars[:atoms] = by_scalars
        self._backward.run(atoms, bonds)
        return np.array(self._pull[:bonds])

    def _made_forward(self) -> _Steps:
        steps = _Steps(self._dtype)
        call = self._geometry(VALUES)
        point(call, {"y": self._y, "h": self._h, "hr": self._slope, "bin": self._bin})
        steps.add(GEOMETRY, call, "bonds", _BONDS)
        x: Mapping[int, Tensor] = {}
        for number, layer in enumerate(self._trunk.layers):
            self._earlier = x
            mixed = self._mixed(steps, number, layer, x)
            sums = [
                self._of_atoms("sums", degree, count)
                for degree, count in layer.layout.channels.items()
            ]
            self._convolve(steps, FORWARD, layer, x=mixed, a=sums)
            f = []
            for degree, part in enumerate(sums):
                terms = [(part, layer.after[degree])]
                if degree in x and degree in layer.skip:
                    terms.append((x[degree], layer.skip[degree]))
                element = None if degree else layer.element
                f.append(self._product(steps, ("f", number), degree, terms, element))
            self._scale(steps, layer, f)
            out = [self._of_atoms(("x", number), d, m) for d, m in enumerate(layer.gates.out)]
            self._activate(steps, FORWARD, layer, f, o=out)
            self._passed.append((mixed, f))
            x = dict(enumerate(out))
        self._last = x[0].numpy()[:, 0]
        return steps

    def _mixed(
        self, steps: _Steps, number: int, layer: TrunkLayer, x: Mapping[int, Tensor]
    ) -> list[Tensor]:
        """What neighbours see of the features; at first, the rows of a table of elements."""
        name = ("mixed", number)
        if layer.embedded is None:
            return [
                self._product(steps, name, degree, [(part, layer.before[degree])])
                for degree, part in x.items()
            ]
        self._embedded = layer.embedded.numpy()
        rows = self._of_atoms(name, 0, layer.embedded.shape[1])
        self._first = rows.numpy()[:, 0]
        return [rows]

    def _made_backward(self) -> _Steps:
        steps = _Steps(self._dtype)
        layers = self._trunk.layers
        adjoint = [self._of_atoms("adjoint", 0, layers[-1].gates.out[0])]
        self._by_scalars = adjoint[0].numpy()[:, 0]
        total = {"gy": self._of_bonds("gy", self._y.shape[1]), "gr": self._of_bonds("gr", 1)}
        part = {name: self._of_bonds((name, "part"), a.shape[1]) for name, a in total.items()}
        for layer, (mixed, f) in zip(reversed(layers), reversed(self._passed), strict=True):
            before, after, skip = layer.turned
            by_f = [self._of_atoms("by_f", d, a.shape[2]) for d, a in enumerate(f)]
            self._activate(steps, BACKWARD, layer, f, ao=adjoint, af=by_f)
            self._scale(steps, layer, by_f)
            g = [
                self._product(steps, "sums", degree, [(a, after[degree])])
                for degree, a in enumerate(by_f)
            ]
            by_mixed = [self._of_atoms("by_mixed", d, a.shape[2]) for d, a in enumerate(mixed)]
            found = total if layer is layers[-1] else part
            arrays = {"x": mixed, "g": g, "gx": by_mixed, **found}
            self._convolve(steps, BACKWARD, layer, hd=self._slope, **arrays)
            if found is part:
                for name, array in part.items():
                    added = Sum(0, array.data_ptr(), total[name].data_ptr())
                    steps.add(SUM, added, "count", _BONDS, array.shape[1])
            if layer.embedded is None:
                adjoint = []
                for degree, a in enumerate(by_mixed):
                    terms = [(a, before[degree])]
                    if degree in skip:
                        terms.append((by_f[degree], skip[degree]))
                    adjoint.append(self._product(steps, "adjoint", degree, terms))
        pull = self._of_bonds("pull", 3)
        call = self._geometry(GRADIENTS)
        point(call, {**total, "pull": pull})
        steps.add(GEOMETRY, call, "bonds", _BONDS)
        self._pull = pull.numpy()
        return steps

    def _of_bonds(self, name: Any, count: int) -> Tensor:
        return self._array((name, count), (self.bonds, count))

    def _of_atoms(self, name: Any, degree: int, channels: int) -> Tensor:
        """(atoms, 2 l + 1, channels); what has the same name, degree and size is the same array."""
        return self._array((name, degree, channels), (self.atoms, 2 * degree + 1, channels))

    def _array(self, key: Any, shape: tuple[int, ...]) -> Tensor:
        if key not in self._kept:
            self._kept[key] = torch.empty(shape, dtype=self._dtype)
        return self._kept[key]

    def _geometry(self, task: int) -> Geometry:
        call = Geometry(task, self._degree, 0, self._splines.intervals)
        call.first_knot, call.cutoff = self._splines.first_knot, self._splines.cutoff
        point(call, {"vector": self._vector})
        return call

    def _convolve(self, steps: _Steps, task: int, layer: TrunkLayer, **arrays: Any) -> None:
        call = layer_call(layer.layout)
        call.task = task
        call.rows, call.width = layer.table.shape
        common = {
            "row": self._row,
            "neighbor": self._neighbor,
            "bin": self._bin,
            "reverse_bin": self._bin,
            "y": self._y,
            "h": self._h,
            "table": layer.table,
        }
        point(call, common | arrays)
        steps.add(CONVOLUTION, call, "atoms", _ATOMS)

    def _product(
        self,
        steps: _Steps,
        name: Any,
        degree: int,
        terms: Sequence[tuple[Tensor, Tensor]],
        element: Tensor | None = None,
    ) -> Tensor:
        """The sum of products of features and panels, with the rows of the atoms' elements."""
        columns = terms[0][1].shape[0] * PANEL
        out = self._of_atoms(name, degree, columns)
        call = Product(0, columns)
        for k, (features, panels) in enumerate(terms):
            call.inner[k] = features.shape[2]
            call.a[k], call.w[k] = features.data_ptr(), panels.data_ptr()
        if element is not None:
            call.add, call.add_row = element.data_ptr(), self._numbers.data_ptr()
        call.out = out.data_ptr()
        steps.add(PRODUCT, call, "rows", _ATOMS, 2 * degree + 1)
        return out

    def _scale(self, steps: _Steps, layer: TrunkLayer, f: Sequence[Tensor]) -> None:
        """Features times the gains of the atoms' elements, if the layer has any."""
        if layer.gains is None:
            return
        for degree, part in enumerate(f):
            steps.add(SCALING, layer.gains.call(degree, part, self._numbers), "atoms", _ATOMS)

    def _activate(
        self, steps: _Steps, task: int, layer: TrunkLayer, f: Sequence[Tensor], **arrays: Any
    ) -> None:
        call = Activation(task, 0, len(f), layer.gates.epsilon, layer.gates.gain)
        for degree, part in enumerate(f):
            call.sizes[degree], call.out[degree] = part.shape[2], layer.gates.out[degree]
        point(call, {"f": f, "gamma": layer.gamma, **arrays})
        steps.add(ACTIVATION, call, "atoms", _ATOMS)
