"""The exceptions of this package, one for each kind of invalid input.

All inherit from :class:`ValueError`, so ``except ValueError`` in existing scripts keeps working.
"""

from __future__ import annotations


class ASEECNError(ValueError):
    """Base class of all deliberate errors of this package."""


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
    """An atom is so many cells away that its position within the cell is lost to rounding."""


class UnsupportedElementError(CrystalError):
    """The checkpoint was not trained on one of the elements."""


class OverlappingAtomsError(CrystalError):
    """Two atoms, or an atom and its periodic image, nearly coincide."""


class InconsistentFileError(CrystalError):
    """What a file says of its crystal disagrees with the sites that it lists, or leaves it open."""


class PartialOccupancyError(CrystalError):
    """A site is shared by several species or only partly occupied."""


class PropertyUnavailableError(ASEECNError):
    """The checkpoint does not predict the property."""


class OptionError(ASEECNError):
    """An option has an invalid value."""


class CheckpointError(ASEECNError):
    """A checkpoint is missing, damaged or in an unknown format."""


class StorageError(ASEECNError):
    """A result cannot be written or read back: a full disk, a read-only folder, a damaged file."""


class MemoryExhaustedError(ASEECNError):
    """A single crystal, or the weights of a network, do not fit into memory."""


class DatasetError(ASEECNError):
    """A data set is missing or does not have the expected columns."""


class OutOfDomainWarning(UserWarning):
    """A prediction is outside the domain of the training data."""
