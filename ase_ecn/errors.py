"""One family of exceptions: everything that can be wrong with an input says so here.

All inherit from :class:`ValueError`, so ``except ValueError`` in an existing screening
script keeps working.
"""

from __future__ import annotations


class ASEECNError(ValueError):
    """Base class of every error that this package raises on purpose."""


class CrystalError(ASEECNError):
    """The structure cannot be treated as a three-dimensional crystal."""


class EmptyCrystalError(CrystalError):
    """The structure has no atoms."""


class CellError(CrystalError):
    """The three lattice vectors do not span a volume."""


class PeriodicityError(CrystalError):
    """The structure is not periodic in all three directions."""


class NonFiniteError(CrystalError):
    """A lattice vector or a position is NaN or infinite."""


class FarAwayError(CrystalError):
    """An atom is so many cells away that rounding has lost its place within the cell."""


class UnsupportedElementError(CrystalError):
    """The checkpoint was not trained on one of the elements."""


class OverlappingAtomsError(CrystalError):
    """Two atoms, or an atom and its periodic image, nearly coincide."""


class PartialOccupancyError(CrystalError):
    """A site is shared by several species or only partly occupied."""


class PropertyUnavailableError(ASEECNError):
    """The property is not among those that the checkpoint predicts."""


class OptionError(ASEECNError):
    """An option has a value that is not allowed."""


class CheckpointError(ASEECNError):
    """A checkpoint is missing, damaged, or of an unknown format."""


class StorageError(ASEECNError):
    """A result cannot be written or read back: a full disk, a read-only folder, a damaged file."""


class MemoryExhaustedError(ASEECNError):
    """A crystal does not fit into memory, not even alone, or a network's weights do not."""


class DatasetError(ASEECNError):
    """A data set is missing or does not have the expected columns."""


class OutOfDomainWarning(UserWarning):
    """A prediction is outside of what the network was trained on."""
