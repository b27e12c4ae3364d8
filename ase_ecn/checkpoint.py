"""Checkpoints: safetensors weights and a JSON card that says what they are.

Nothing is unpickled, and weights are only used if their sha256 is the one in the card.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn
from torch.overrides import TorchFunctionMode

from ase_ecn.card import FORMAT_VERSION, MAX_CARD_BYTES, Card, card_text, parse_card
from ase_ecn.errors import CheckpointError, MemoryExhaustedError
from ase_ecn.nn.network import Network, PropertyNetwork
from ase_ecn.nn.registry import NETWORKS, build, check_kind
from ase_ecn.storage import replace_file, storing

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DEFAULT_ECN = "ecn-mp"
DEFAULT_EMPNN = "empnn-mp20"
DEFAULT_MOVING_EMPNN = "empnn-mp20-atoms"
DEFAULT_POTENTIAL = "ecn-mp"
# What building a network raises for an architecture that makes no sense.
_BUILD_ERRORS = (
    AttributeError,
    KeyError,
    MemoryError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    ZeroDivisionError,
)

N = TypeVar("N", bound=Network)
N_co = TypeVar("N_co", bound=Network, covariant=True)


@dataclass(frozen=True)
class Checkpoint(Generic[N_co]):
    """A network with its card."""

    card: Card
    model: N_co


def bundled_checkpoints() -> list[str]:
    """Names of the checkpoints that come with the package."""
    files = _bundled_folder().iterdir()
    return sorted(f.name.removesuffix(".json") for f in files if f.name.endswith(".json"))


@cache
def _bundled_folder() -> Traversable:
    return resources.files("ase_ecn.checkpoints")


def _is_bundled(name: str) -> bool:
    """Whether this is the name of a checkpoint of the package, and no path."""
    return Path(name).name == name and (_bundled_folder() / f"{name}.json").is_file()


def read_card(checkpoint: str | Path) -> Card:
    """Read and check the card of a bundled checkpoint, or beside a ``.safetensors`` file.

    Raises
    ------
    CheckpointError
        If there is no such checkpoint or the card is not a valid one.
    """
    return _card(_read_files(checkpoint)[0])


@overload
def load_checkpoint(checkpoint: str | Path, network: str | None = None) -> Checkpoint[Network]: ...


@overload
def load_checkpoint(checkpoint: str | Path, network: type[N]) -> Checkpoint[N]: ...


def load_checkpoint(
    checkpoint: str | Path, network: str | type[Network] | None = None
) -> Checkpoint[Network]:
    """Load a network.

    Parameters
    ----------
    checkpoint
        Name of a bundled checkpoint or path of a ``.safetensors`` file with its card beside it.
    network
        ``"ecn"`` or another kind to insist on it, or a class, such as
        :class:`~ase_ecn.nn.network.PropertyNetwork`, to insist on one of its networks.

    Returns
    -------
    Checkpoint
        On the CPU, in float32, ready for inference.

    Raises
    ------
    CheckpointError
        If it is missing, damaged, of another format version or kind, or if the weights don't have
        the sha256 of the card.
    """
    return _load(*_read_files(checkpoint), network)


def shared_checkpoint(
    checkpoint: str | Path, network: type[N], device: torch.device, dtype: torch.dtype
) -> Checkpoint[N]:
    """The same for prediction only, on a device: loaded once however often it is asked for.

    The weights must not be changed, for all who ask get the same network.
    """
    try:
        loaded = _load_shared(str(checkpoint), _stamps(checkpoint), network, device, dtype)
        return cast("Checkpoint[N]", loaded)  # whose network has been checked
    except MemoryError as error:
        raise MemoryExhaustedError(f"no memory for the weights of {checkpoint}") from error


@lru_cache(maxsize=4)
def _load_shared(
    checkpoint: str,
    _: tuple[object, ...],  # another file is another entry
    network: type[Network],
    device: torch.device,
    dtype: torch.dtype,
) -> Checkpoint[Network]:
    loaded = _load(*_read_files(checkpoint), network)
    with torch.inference_mode(False):
        return Checkpoint(loaded.card, loaded.model.to(device=device, dtype=dtype))


@torch.inference_mode(False)  # within the caller's, the weights would be unfit for gradients
def _load(text: str, weights: bytes, network: str | type[Network] | None) -> Checkpoint[Network]:
    card = _card(text)
    if isinstance(network, str) and card.network != network:
        raise CheckpointError(f"{card.name} is a checkpoint of {card.network}, not of {network}")
    found = sha256(weights).hexdigest()
    if found != card.sha256:
        raise CheckpointError(
            f"the weights of {card.name} have sha256 {found}, the card says {card.sha256}: "
            "the file is damaged or was exchanged"
        )
    model = _network(card, weights)
    if isinstance(network, type) and not isinstance(model, network):
        raise CheckpointError(
            f"{card.name} is a checkpoint of {card.network}, which gives {model.gives}, "
            f"not {network.gives}"
        )
    return Checkpoint(card, model.eval().requires_grad_(False))


def _network(card: Card, weights: bytes) -> Network:
    """Build what the card describes, with these weights."""
    try:
        tensors = load_tensors(weights)
        _check_fit(card, tensors)
        with _WithoutRandomNumbers():
            model = build(card.network, card.content["architecture"])
        model.load_state_dict(tensors)
    except (SafetensorError, *_BUILD_ERRORS) as error:
        raise CheckpointError(f"the weights of {card.name} don't fit the card: {error}") from error
    return model


def save_checkpoint(path: Path, model: nn.Module, card: dict[str, Any]) -> Card:
    """Write ``path`` (``.safetensors``) and the card beside it; return the completed card.

    The format version, the kind of network, its architecture and the sha256 are filled in. Weights
    that were rounded to half precision take half the space.

    Raises
    ------
    StorageError
        If they cannot be written; files that were there stay as they were.
    """
    if not isinstance(model, Network) or model.kind not in NETWORKS:
        raise CheckpointError(f"cannot save a {type(model).__name__}")
    weights = save_tensors({k: _as_stored(v.detach().cpu()) for k, v in model.state_dict().items()})
    content = {
        "format_version": FORMAT_VERSION,
        **card,
        "network": model.kind,
        "architecture": model.config.to_dict(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "sha256": sha256(weights).hexdigest(),
    }
    if isinstance(model, PropertyNetwork) and model.gives_forces:
        content["forces"] = True
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, weights)
    replace_file(path.with_suffix(".json"), card_text(content))
    return Card(content)


def _as_stored(tensor: torch.Tensor) -> torch.Tensor:
    """In half precision what is float32 and the same in it."""
    half = tensor.half() if tensor.dtype == torch.float32 else tensor
    return (half if torch.equal(half.to(tensor.dtype), tensor) else tensor).contiguous()


def _check_fit(card: Card, tensors: dict[str, torch.Tensor]) -> None:
    """Compare with the architecture before anything of its size is allocated."""
    with torch.device("meta"), _WithoutRandomNumbers():
        expected = build(card.network, card.content["architecture"]).state_dict()
    if expected.keys() != tensors.keys():
        odd = sorted(expected.keys() ^ tensors.keys())
        raise ValueError(f"missing or unknown tensors: {', '.join(odd[:5])}")
    for name, tensor in tensors.items():
        wanted = expected[name]
        # A network in double precision may have been saved: any float will do for a float.
        same_kind = tensor.is_floating_point() == wanted.is_floating_point()
        if tensor.shape != wanted.shape or not same_kind:
            raise ValueError(
                f"{name} is {tuple(tensor.shape)} {tensor.dtype}, "
                f"not {tuple(wanted.shape)} {wanted.dtype}"
            )
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name} contains NaN or infinite numbers")


class _WithoutRandomNumbers(TorchFunctionMode):
    """Build networks whose weights are not set, as they will be loaded.

    Random numbers on the device "meta" make torch import its compiler, which takes a second, and
    real ones would change the user's sequence.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in (nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _card(text: str) -> Card:
    card = Card(parse_card(text))
    check_kind(card.network)
    return card


def _bundled_files(name: str) -> tuple[Traversable, Traversable]:
    folder = _bundled_folder()
    return folder / f"{name}.json", folder / f"{name}.safetensors"


def _stamps(checkpoint: str | Path) -> tuple[object, ...]:
    """What changes when the files do; quicker than reading them."""
    name = str(checkpoint)
    files: tuple[Traversable, ...]
    if _is_bundled(name):
        files = _bundled_files(name)
    elif Path(name).suffix == ".safetensors":
        files = (Path(name).with_suffix(".json"), Path(name))
    else:
        return ()  # there is no such checkpoint, which reading it will say
    stamps: list[object] = []
    for file in files:
        if isinstance(file, Path) and file.is_file():
            found = file.stat()
            stamps.append((found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
        else:
            stamps.append(file.read_bytes() if file.is_file() else None)
    return tuple(stamps)


def _read_files(checkpoint: str | Path) -> tuple[str, bytes]:
    name = str(checkpoint)
    if _is_bundled(name):
        card, weights = _bundled_files(name)
        return card.read_text(encoding="utf-8"), weights.read_bytes()
    path = Path(checkpoint)
    if path.suffix != ".safetensors":
        raise CheckpointError(
            f"unknown checkpoint {name!r}: give the path of a .safetensors file or one of "
            f"{', '.join(bundled_checkpoints()) or '(none bundled)'}"
        )
    card_file = path.with_suffix(".json")
    try:
        if card_file.stat().st_size > MAX_CARD_BYTES:
            raise CheckpointError(f"{card_file} is larger than {MAX_CARD_BYTES} bytes: not a card")
        return card_file.read_text(encoding="utf-8"), path.read_bytes()
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"cannot read checkpoint {path} and its card: {error}") from error
