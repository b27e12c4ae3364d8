"""Structures from OPTIMADE databases, by ``optimade:PROVIDER?filter=…`` (optimade-python-tools)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ase_ecn.errors import CrystalError, OptionError, PartialOccupancyError
from ase_ecn.readers.source import Source, of_atoms, unreadable

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

logger = logging.getLogger(__name__)

PREFIX = "optimade:"
MOST = 1000
"""Structures that are read if no limit is given."""
_FORM = "optimade:PROVIDER?filter=FILTER&limit=N"


def is_query(source: object) -> bool:
    """Whether this asks an OPTIMADE database."""
    return isinstance(source, str) and source.startswith(PREFIX)


@dataclass(frozen=True)
class Query:
    """What is asked of whom.

    Attributes
    ----------
    provider
        Id of a provider in the list of the OPTIMADE consortium, or the address of a database.
    filter
        In OPTIMADE's language; empty for everything.
    limit
        Number of structures that are read at most.
    """

    provider: str
    filter: str = ""
    limit: int = MOST

    @classmethod
    def of(cls, text: str) -> Query:
        """Read ``optimade:PROVIDER?filter=FILTER&limit=N``.

        Raises
        ------
        OptionError
            If it is none.
        """
        provider, _, options = text.removeprefix(PREFIX).partition("?")
        given: dict[str, str] = {}
        for option in filter(None, options.split("&")):
            name, equals, value = option.partition("=")
            if name not in ("filter", "limit") or not equals or name in given:
                raise OptionError(f"a query is {_FORM}, got {option!r} in {text!r}")
            given[name] = unquote(value)
        limit = given.get("limit", str(MOST))
        if not provider or not limit.isdecimal() or int(limit) < 1:
            raise OptionError(f"a query is {_FORM}, got {text!r}")
        return cls(provider, given.get("filter", ""), int(limit))

    @property
    def name(self) -> str:
        """Of the provider, or the host of the address."""
        return urlsplit(self.provider).netloc.rpartition("@")[2] or self.provider


def read_query(text: str) -> Iterator[Source]:
    """Structures of a query; an entry that is not valid says why and loses no other.

    Labels are ``PROVIDER/ID``. Numbers and texts of the provider's own properties are columns.

    Raises
    ------
    OptionError
        If the query is none, the filter cannot be parsed, the provider is unknown or has no
        database, or none of its databases answers.
    """
    query = Query.of(text)
    addresses = [query.provider] if "://" in query.provider else _databases(query.provider)
    return _entries(query, _answers(query, addresses))


def _databases(provider: str) -> list[str]:
    """Addresses of a provider's databases, by the list of the OPTIMADE consortium."""
    utils = _tools()[1]
    try:
        known = {one["id"] for one in utils.get_providers()}
    except Exception as error:  # the list comes from the network, which fails in many ways
        raise OptionError(f"cannot read the list of OPTIMADE's providers: {error}") from error
    if not known:
        raise OptionError("cannot read the list of OPTIMADE's providers: is there a network?")
    if provider not in known:
        raise OptionError(
            f"OPTIMADE has no provider {provider!r}; known are {', '.join(sorted(known))}, and "
            "addresses that begin with https://"
        )
    try:
        found = list(utils.get_all_databases(include_providers=[provider]))
    except Exception as error:
        raise OptionError(f"cannot reach OPTIMADE's provider {provider}: {error}") from error
    if not found:
        raise OptionError(f"OPTIMADE's provider {provider} names no database that can be reached")
    return found


def _answers(query: Query, addresses: list[str]) -> dict[str, dict[str, Any]]:
    """What each database answers: ``data``, ``meta`` and ``errors``."""
    client_class, _ = _tools()
    _check_filter(query.filter)
    client = client_class(
        addresses, max_results_per_provider=query.limit, use_async=False, silent=True
    )
    found: dict[str, Any] = client.get(query.filter, endpoint="structures")
    answers: dict[str, dict[str, Any]] = found["structures"][query.filter]
    for answer in answers.values():
        if not isinstance(answer["data"], list):
            answer.update(data=[], errors=[*answer["errors"], "no list of structures"])
    if not any(answer["data"] for answer in answers.values()):
        failed = {url: _reasons(answer) for url, answer in answers.items() if answer["errors"]}
        if failed:
            text = " | ".join(f"{url}: {reasons}" for url, reasons in failed.items())
            raise OptionError(f"no answer from {query.name}: {text}")
    return answers


def _check_filter(text: str) -> None:
    """Raise an :class:`~ase_ecn.errors.OptionError` where the client would print and exit."""
    from optimade.filterparser import LarkParser

    try:
        if text:
            LarkParser().parse(text)
    except Exception as error:  # of the parser, whose words say where the filter is wrong
        raise OptionError(f"{text!r} is no filter of OPTIMADE: {error}") from error


def _reasons(answer: Mapping[str, Any]) -> str:
    return "; ".join(map(str, answer["errors"]))


def _entries(query: Query, answers: Mapping[str, Mapping[str, Any]]) -> Iterator[Source]:
    number, seen = 0, set()
    for address, answer in answers.items():
        entries = list(answer["data"])
        if answer["errors"]:
            reason = f"the answer is not complete: {_reasons(answer)}"
            yield unreadable(f"{query.name} ({address})", reason)
        if _is_cut(entries, answer["meta"], query.limit):
            logger.warning(
                "%s has more structures than the %d that are read: give &limit=N",
                query.name,
                query.limit,
            )
        for entry in entries[: query.limit]:
            number += 1
            name = entry.get("id") if isinstance(entry, Mapping) else None
            label = f"{query.name}/{name or f'#{number}'}"
            # Databases of one provider may give one name twice.
            label = f"{label}#{number}" if label in seen else label
            seen.add(label)
            yield _source(label, entry, number)


def _is_cut(entries: list[Any], meta: Mapping[str, Any], limit: int) -> bool:
    returned = meta.get("data_returned")
    return len(entries) > limit or (isinstance(returned, int) and returned > limit)


def _source(label: str, entry: Any, number: int) -> Source:
    from optimade.adapters.structures import Structure as Adapter

    try:
        adapter = Adapter(entry)
        disordered = "disorder" in _features(adapter)
        if not disordered:
            return of_atoms(label, adapter.as_ase, number)
    except Exception as error:  # pydantic's, the adapters', and those of what they rely on
        reason = f"not a valid OPTIMADE structure: {_in_short(error)}"
        return unreadable(label, reason, number)
    reason = "a site is shared or partly occupied: give an order to make ordered cells"
    return replace(unreadable(label, reason, number), disordered=partial(_structure, entry))


def _features(adapter: Any) -> set[str]:
    return {getattr(one, "value", one) for one in adapter.attributes.structure_features or ()}


def _structure(entry: Any) -> Structure:
    from optimade.adapters.structures import Structure as Adapter

    try:
        found: Structure = Adapter(entry).as_pymatgen
    except Exception as error:
        raise CrystalError(f"not a valid OPTIMADE structure: {_in_short(error)}") from error
    if found is None:
        raise PartialOccupancyError("the installed optimade makes no pymatgen structures")
    return found


def _in_short(error: Exception) -> str:
    """The first problems that a validator names, in one line."""
    problems = getattr(error, "errors", None)
    if not callable(problems):
        return f"{type(error).__name__}: {error}"
    named = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problems()]
    return "; ".join(named[:3])


def _tools() -> tuple[Any, Any]:
    """The client and its utilities."""
    try:
        import optimade.utils as utils
        from optimade.client import OptimadeClient
    except ImportError as error:
        raise OptionError("OPTIMADE needs pip install 'ase-ecn[optimade]'") from error
    return OptimadeClient, utils
