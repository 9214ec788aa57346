"""OpenLineage events (openlineage.io, spec 2-0-2) as typed objects and JSON lines.

Only what the specification knows: run events with their job, datasets and standard facets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

PRODUCER = "urn:tui-migrate"
_SPEC = "https://openlineage.io/spec"
RUN_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = {
    "parent": "1-0-0/ParentRunFacet",
    "errorMessage": "1-0-0/ErrorMessageRunFacet",
    "jobType": "2-0-2/JobTypeJobFacet",
    "schema": "1-0-0/SchemaDatasetFacet",
    "columnLineage": "1-0-1/ColumnLineageDatasetFacet",
    "version": "1-0-0/DatasetVersionDatasetFacet",
    "dataQualityAssertions": "1-0-0/DataQualityAssertionsDatasetFacet",
    "outputStatistics": "1-0-0/OutputStatisticsOutputDatasetFacet",
}


def facet(name: str, **content: Any) -> dict[str, Any]:
    """One facet under its name, with what every facet must say of itself."""
    version, _slash, title = _FACETS[name].partition("/")
    url = f"{_SPEC}/facets/{version}/{title}.json#/$defs/{title}"
    return {name: {"_producer": PRODUCER, "_schemaURL": url, **content}}


class Dataset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A delivery, a table or the target."""

    namespace: str
    name: str
    facets: dict[str, Any] = {}
    input_facets: dict[str, Any] = {}
    output_facets: dict[str, Any] = {}


class Run(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One attempt of a step. ``run_id``: a UUID."""

    run_id: str
    facets: dict[str, Any]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A step."""

    namespace: str
    name: str
    facets: dict[str, Any]


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an attempt. ``eventType``: START | RUNNING | COMPLETE | ABORT | FAIL | OTHER."""

    eventType: str  # noqa: N815 - as the specification writes it
    eventTime: str  # noqa: N815
    run: Run
    job: Job
    inputs: list[Dataset]
    outputs: list[Dataset]
    producer: str = PRODUCER
    schemaURL: str = RUN_EVENT  # noqa: N815


def lines(events: Iterable[RunEvent]) -> str:
    """The events, one JSON object a line."""
    return "".join(f"{msgspec.json.encode(event).decode()}\n" for event in events)
