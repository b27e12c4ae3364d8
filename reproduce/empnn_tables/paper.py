"""Tables 1 to 3 of the EMPNN paper: which networks they compare, and the figures printed there.

Klipfel et al., AAAI 2023. Lengths are in Å, angles in degrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DATASETS = ("carbon_24", "mp_20", "perov_5")

Figures = tuple[float, float]
"""Of lengths (Å) and angles (degrees)."""

LOSS_SIGMA = 0.3
"""Noise of table 1."""
FIELD_SIGMA = 0.1
"""Noise of table 2."""

LOSSES: Mapping[str, Mapping[str, Figures]] = MappingProxyType(
    {
        "parameter-mae": {
            "carbon_24": (0.696, 8.390),
            "mp_20": (0.785, 5.093),
            "perov_5": (0.967, 15.227),
        },
        "parameter-mse": {
            "carbon_24": (0.677, 8.148),
            "mp_20": (0.710, 4.752),
            "perov_5": (0.983, 15.437),
        },
        "metric-mae": {
            "carbon_24": (0.599, 4.306),
            "mp_20": (0.540, 1.674),
            "perov_5": (0.964, 15.074),
        },
        "metric-mse": {
            "carbon_24": (0.655, 5.563),
            "mp_20": (0.683, 2.645),
            "perov_5": (0.974, 15.047),
        },
        "metric-riemann": {
            "carbon_24": (0.637, 5.352),
            "mp_20": (0.729, 3.777),
            "perov_5": (0.967, 15.367),
        },
    }
)
"""Table 1: improvement by the loss."""

_EDGE_BRAS = ("edge-ket-bra",)
_LENGTHS = ("triplet-first-length", "triplet-second-length")

# The gradients of invariants are symmetric matrices here, so that the last five rows have the
# fields of the five before them.
FIELD_SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ket-bra: edges": _EDGE_BRAS,
        "ket-bra: triplets": ("triplet-first-ket-bra",),
        "ket-bra: edges + triplets": (*_EDGE_BRAS, "triplet-first-ket-bra"),
        "ket-bra: edges + triplets, symmetric": (
            *_EDGE_BRAS,
            "triplet-first-ket-bra",
            "triplet-ket-bra-symmetric",
        ),
        "ket-bra: edges + all of triplets": (
            *_EDGE_BRAS,
            "triplet-first-ket-bra",
            "triplet-second-ket-bra",
            "triplet-ket-bra",
        ),
        "gradient: edges": ("edge-length",),
        "gradient: triplets": _LENGTHS,
        "gradient: edges + triplets": ("edge-length", *_LENGTHS),
        "gradient: edges + triplets + area": ("edge-length", *_LENGTHS, "triplet-area"),
        "gradient: edges + triplets + angle": ("edge-length", *_LENGTHS, "triplet-angle"),
        "symmetric gradient: edges": ("edge-length",),
        "symmetric gradient: triplets": _LENGTHS,
        "symmetric gradient: edges + triplets": ("edge-length", *_LENGTHS),
        "symmetric gradient: edges + triplets + area": ("edge-length", *_LENGTHS, "triplet-area"),
        "symmetric gradient: edges + triplets + angle": (
            "edge-length",
            *_LENGTHS,
            "triplet-angle",
        ),
    }
)
"""Vector fields of the fifteen networks of table 2."""

_FIELD_FIGURES = (
    ((0.084, 1.266), (0.115, 1.437), (0.290, 5.487)),
    ((0.056, 0.596), (0.053, 0.283), (0.287, 5.209)),
    ((0.063, 0.454), (0.063, 0.270), (0.296, 5.733)),
    ((0.065, 0.670), (0.066, 0.353), (0.296, 5.733)),
    ((0.065, 0.725), (0.066, 0.420), (0.296, 5.765)),
    ((0.075, 1.183), (0.102, 1.479), (0.259, 4.654)),
    ((0.060, 0.488), (0.085, 0.391), (0.289, 5.560)),
    ((0.101, 1.232), (0.101, 0.541), (0.292, 5.514)),
    ((0.087, 1.093), (0.106, 0.717), (0.265, 4.990)),
    ((0.107, 1.283), (0.088, 0.617), (0.293, 5.550)),
    ((0.083, 1.307), (0.064, 0.816), (0.281, 5.134)),
    ((0.100, 1.188), (0.101, 0.503), (0.281, 4.959)),
    ((0.097, 1.375), (0.098, 0.672), (0.226, 3.188)),
    ((0.099, 1.328), (0.124, 1.160), (0.285, 5.457)),
    ((0.100, 1.289), (-0.001, -0.007), (0.291, 5.617)),
)

FIELDS: Mapping[str, Mapping[str, Figures]] = MappingProxyType(
    {
        row: dict(zip(DATASETS, figures, strict=True))
        for row, figures in zip(FIELD_SETS, _FIELD_FIGURES, strict=True)
    }
    | {
        "feed forward": {
            "carbon_24": (-0.191, -5.277),
            "mp_20": (-0.304, -3.304),
            "perov_5": (0.303, 6.438),
        },
        "DFT": {
            "carbon_24": (0.164, 5.442),
            "mp_20": (0.345, 5.648),
            "perov_5": (0.150, -1.446),
        },
    }
)
"""Table 2: improvement by the vector fields."""

RECONSTRUCTION: Mapping[str, Mapping[str, Figures]] = MappingProxyType(
    {
        "EMPNN": {"carbon_24": (0.200, 3.199), "mp_20": (0.174, 1.965)},
        "feed forward": {"carbon_24": (0.469, 13.693), "mp_20": (0.534, 6.324)},
    }
)
"""Table 3: mean absolute error of lattices reconstructed from cubes of 1 Å."""
