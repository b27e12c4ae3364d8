"""A page for each bundled checkpoint, from its card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from ase.data import chemical_symbols

from ase_ecn.properties import DIMENSIONLESS, find

Card = Mapping[str, Any]

_SHOWN = {
    *("format_version", "name", "version", "license", "elements", "properties", "forces"),
    *("property_elements", "systems", "data", "split", "test", "validation", "network"),
    *("architecture", "parameters", "configuration", "training_command", "seed", "epochs"),
    *("hardware", "wall_time_s", "sha256", "members", "init", "domain", "calibration"),
    "references",
}
_INTERVAL = "%_interval"


def overview(cards: Mapping[str, Card]) -> str:
    """Table of all checkpoints."""
    rows = [
        [f"[{n}]({n}.md)", c["network"].upper(), f"{c['parameters']:,}", what(c), c["version"]]
        for n, c in cards.items()
    ]
    heading = ["checkpoint", "network", "weights", "predicts", "version"]
    return "\n\n".join(["# Model cards", *_introduction(), _table(heading, rows)])


def _introduction() -> list[str]:
    return [
        "The weights bundled with the package. These pages are generated from the JSON cards that "
        "belong to them; `docs/checkpoints.md` explains the entries and lists the commands of the "
        "fits. "
        "`ase-ecn selftest` recomputes the reference results in each card."
    ]


def what(card: Card) -> str:
    """What a checkpoint predicts, in a few words."""
    if card["network"] == "empnn":
        return "relaxed cells"
    return ", ".join(name.replace("_", " ") for name in card["properties"])


def card_page(card: Card) -> str:
    """The page of one checkpoint, with all entries of the card except the references."""
    parts = [f"# {card['name']}", *_summary(card)]
    if "properties" in card:
        parts += ["## Properties", *_properties(card)]
    parts += ["## Scores", *_scores(card)]
    parts += ["## Trained on", *_trained_on(card)]
    parts += ["## Fit", *_fits(card)]
    parts += ["## Architecture", _yaml(card["architecture"])]
    others = {key: value for key, value in card.items() if key not in _SHOWN}
    if others:
        parts += ["## Further entries", _yaml(others)]
    return "\n\n".join(parts) + "\n"


def _summary(card: Card) -> list[str]:
    use = f'ECNCalculator("{card["name"]}")'
    if card["network"] == "empnn":
        use = f'LatticeRelaxer(atoms, checkpoint="{card["name"]}")'
    rows = [
        ["use", f"`{use}`"],
        ["network", card["network"].upper()],
        ["predicts", what(card)],
        ["version", card["version"]],
        ["weights", f"{card['parameters']:,}"],
        ["licence", card["license"]],
        ["sha256", f"`{card['sha256']}`"],
    ]
    return [_table(rows[0], rows[1:])]


def _properties(card: Card) -> list[str]:
    everything = set(card["elements"])
    rows = []
    for name, unit in card["properties"].items():
        labelled = card.get("property_elements", {}).get(name)
        lacking = _symbols(sorted(everything - set(labelled))) if labelled else ""
        rows.append([f"`{name}`", "" if unit == "1" else unit, lacking])
    return [_table(["property", "unit", "elements without a label"], rows)]


def _scores(card: Card) -> list[str]:
    splits = [split for split in ("validation", "test") if card.get(split)]
    names = dict.fromkeys(n for split in splits for n in card[split] if _INTERVAL not in n)
    rows = [
        [f"`{name}`", *(_number(card[s].get(name)) for s in splits), score_unit(name)]
        for name in names
    ]
    parts = [_table(["score", *splits, "unit"], rows)]
    curve = [(n, v) for n, v in card.get("test", {}).items() if _INTERVAL in n]
    if curve:
        parts.append(
            "Share of test errors within the stated intervals (see [how they are made]"
            "(../design.md#the-ecn)):"
        )
        parts.append(_calibration(curve))
    if "calibration" in card:
        parts.append(_yaml({"calibration": card["calibration"]}))
    return parts


def _calibration(curve: Sequence[tuple[str, float]]) -> str:
    found: dict[str, dict[str, float]] = {}
    for key, value in curve:
        name, level = key.removesuffix(_INTERVAL).rsplit("_in_", 1)
        found.setdefault(level, {})[name] = value
    names = list(dict.fromkeys(name for row in found.values() for name in row))
    rows = [
        [f"{level} %", *(f"{100 * row[n]:.1f} %" if n in row else "" for n in names)]
        for level, row in found.items()
    ]
    return _table(["stated", *(f"`{name}`" for name in names)], rows)


def score_unit(name: str) -> str:
    """Unit of a score, where the name determines it."""
    if name.startswith(("lengths_improvement", "lengths_noise")):
        return "Å"
    if name.startswith(("angles_improvement", "angles_noise")):
        return "°"
    if "_mae" not in name:
        return "eV/atom" if name.startswith("supercell_jump") else ""
    unit = find(name.split("_mae")[0]).label_unit
    return "" if unit == DIMENSIONLESS else unit


def _trained_on(card: Card) -> list[str]:
    parts = ["\n".join(f"- {text}" for text in card["data"])]
    split = card["split"]
    counts = ", ".join(f"{number:,} {name}" for name, number in split["crystals"].items())
    parts.append(f"Split: {split['name']} ({counts} crystals).")
    elements = card["elements"]
    parts.append(f"{len(elements)} elements; all others are refused: {_symbols(elements)}.")
    if "systems" in card:
        systems = "; ".join(_symbols(system) for system in card["systems"])
        parts.append(f"Elements that occur together in the data: {systems}.")
    if "domain" in card:
        domain = card["domain"]
        rows = [[f"`{k}`", *map(_number, v)] for k, v in domain["ranges"].items()]
        parts.append("Crystals outside these ranges are flagged as unusual (`ase_ecn.domain`):")
        parts.append(_table(["", "from", "to"], rows))
        rare = _symbols(domain["rare_elements"])
        parts.append(f"Elements that are rare in the training data, also flagged: {rare}.")
    return parts


def _fits(card: Card) -> list[str]:
    if "members" not in card:
        return _fit(card)
    parts = [f"An ensemble of {len(card['members'])} networks: `{card['training_command']}`"]
    for number, member in enumerate(card["members"], start=1):
        parts += [f"### Member {number}", *_fit(member)]
        scores = {k: v for k, v in member.get("validation", {}).items() if _INTERVAL not in k}
        rows = [[f"`{k}`", _number(v), score_unit(k)] for k, v in scores.items()]
        parts.append(_table(["validation score", "", "unit"], rows))
    return parts


def _fit(card: Card) -> list[str]:
    facts = [f"{card['epochs']} epochs", f"{card['wall_time_s']:,} s"]
    if "hardware" in card:
        facts.append(str(card["hardware"]))
    parts = [f"`{card['training_command']}`", f"{', '.join(facts)}."]
    if "configuration" in card:
        parts.append(_yaml(card["configuration"]))
    start = card.get("init", {})
    if start and "training_command" not in start:  # a trunk that stayed as it was
        parts.append(f"On the trunk of `{start['name']}` {start['version']}.")
    elif start:
        parts += ["It started from the weights of an earlier fit:", *_fit(card["init"])]
    return parts


def _symbols(numbers: Sequence[int]) -> str:
    return " ".join(chemical_symbols[z] for z in numbers)


def _number(value: Any) -> str:
    return "" if value is None else f"{float(value):.4g}"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _yaml(content: Any) -> str:
    # Through JSON, so that equal parts are written out and not as references.
    plain = json.loads(json.dumps(content))
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, default_flow_style=None)
    return f"```yaml\n{text}```"
