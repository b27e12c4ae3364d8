"""Databases of OPTIMADE without a network: answers to requests, by host."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from ase import Atoms

LIST = "providers.optimade.org"
Answer = Callable[[str], tuple[int, Any]]
"""From an address to a status and a document."""


def entry(name: str, atoms: Atoms, **more: Any) -> dict[str, Any]:
    """A structure as a database writes it."""
    symbols = atoms.get_chemical_symbols()
    elements = sorted(set(symbols))
    counts = [symbols.count(element) for element in elements]
    common = math.gcd(*counts)
    formula = "".join(f"{e}{n // common if n > common else ''}" for e, n in zip(elements, counts))
    letters = "".join(
        f"{'ABCDEF'[k]}{n // common if n > common else ''}"
        for k, n in enumerate(sorted(counts, reverse=True))
    )
    return {
        "id": name,
        "type": "structures",
        "attributes": {
            "elements": elements,
            "nelements": len(elements),
            "elements_ratios": [n / len(atoms) for n in counts],
            "chemical_formula_descriptive": formula,
            "chemical_formula_reduced": formula,
            "chemical_formula_anonymous": letters,
            "dimension_types": [int(one) for one in atoms.pbc],
            "nperiodic_dimensions": int(sum(atoms.pbc)),
            "lattice_vectors": atoms.cell.tolist(),
            "cartesian_site_positions": atoms.positions.tolist(),
            "nsites": len(atoms),
            "species": [
                {"name": e, "chemical_symbols": [e], "concentration": [1.0]} for e in elements
            ],
            "species_at_sites": symbols,
            "structure_features": [],
            "last_modified": "2024-01-01T00:00:00Z",
            "immutable_id": None,
            **more,
        },
    }


def document(data: list[Any], following: str | None = None, **meta: Any) -> dict[str, Any]:
    """What a database answers."""
    return {
        "data": data,
        "meta": {
            "query": {"representation": "/structures"},
            "api_version": "1.1.0",
            "more_data_available": following is not None,
            **meta,
        },
        "links": {"next": following},
    }


def link(name: str, kind: str, address: str) -> dict[str, Any]:
    attributes = {
        "name": name,
        "description": name,
        "base_url": address,
        "homepage": None,
        "link_type": kind,
    }
    return {"id": name, "type": "links", "attributes": attributes}


def consortium(url: str) -> tuple[int, Any]:
    """The list of providers: one, which has one database, and one that has none."""
    if url.startswith(f"https://{LIST}"):
        names = ("tested", "silent")
        return 200, document([link(n, "external", f"https://{n}.index") for n in names])
    if url.startswith("https://tested.index/v1/links"):
        return 200, document([link("main", "child", "https://tested.database/optimade")])
    return 500, {}


def connect(monkeypatch: pytest.MonkeyPatch, hosts: dict[str, Answer]) -> list[str]:
    """Answer all requests of this process; those to other hosts fail. Returns those made."""
    import requests

    made: list[str] = []

    def send(_: Any, request: Any, **__: Any) -> Any:
        host = request.url.split("/")[2]
        made.append(request.url)
        if host not in hosts:
            raise requests.ConnectionError(f"no network to {host}")
        status, content = hosts[host](request.url)
        response = requests.Response()
        response.status_code = status
        response.url = request.url
        response.request = request
        response._content = content if isinstance(content, bytes) else json.dumps(content).encode()
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return made
