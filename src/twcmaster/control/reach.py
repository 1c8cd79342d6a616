"""How far ahead a time may lie that a person gives."""

from __future__ import annotations

from datetime import timedelta

from twcmaster.model.commands import CommandRefused

LONGEST = timedelta(days=366)


def has_passed() -> CommandRefused:
    """For a time that will not come."""
    return CommandRefused("That time has passed already. Give one to come.")


def too_far() -> CommandRefused:
    """For one that is beyond `LONGEST`."""
    return CommandRefused("That is more than a year from now. Give a time within a year, or none.")
