"""What a runbook states for governance: the record of processing (GDPR art. 30) of the migration, the
agreements with processors, the impact assessment, and where data are hosted.

Nothing here steers the run. The report prints it, and prints what is missing as missing.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from tui_migrate.runbook.base import Day, Flag, Name, Strict, Text, Words


class Contact(Strict):
    """An organisation or person, and how to reach them."""

    name: Words
    contact: Words | None = None


class Processor(Strict):
    """Who processes for the controller, what for, and under which agreement (art. 28)."""

    name: Words
    role: Text
    agreement: Words | None = None
    signed_on: Day | None = None
    country: Words | None = None


class Assessment(Strict):
    """The data protection impact assessment (art. 35). ``required: false`` needs the reason under
    ``outcome``."""

    required: Flag = True
    reference: Words | None = None
    done_on: Day | None = None
    outcome: Text | None = None


class Place(Strict):
    """Where something is hosted, by whom, in which country."""

    where: Words
    by: Words | None = None
    country: Words | None = None


class Hosting(Strict):
    """Where the data are: per source, the staging area, the target, the share for files."""

    sources: Mapping[Name, Place] = Field(default_factory=dict)
    staging: Place | None = None
    target: Place | None = None
    file_share: Place | None = None


class Category(Strict):
    """A category of personal data, and how long it is kept (art. 30 1 c and f)."""

    name: Text
    retention: Text | None = None


class Governance(Strict):
    """The record of processing, field by field as art. 30 (1) lists them, and what goes with it."""

    controller: Contact | None = None
    joint_controller: Contact | None = None
    representative: Contact | None = None
    data_protection_officer: Contact | None = None
    purpose: Text | None = None
    basis: Text | None = None
    data_subjects: tuple[Text, ...] = ()
    data_categories: tuple[Category, ...] = ()
    recipients: tuple[Text, ...] = ()
    transfers: Text | None = None
    security: Text | None = None
    processors: tuple[Processor, ...] = ()
    dpia: Assessment | None = None
    hosting: Hosting = Hosting()
