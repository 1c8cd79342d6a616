"""ETag and If-Match: two people who edit the same thing notice each other."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from twcmaster.api.problems import ApiProblem

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag of what you changed", max_length=200, examples=['"17"'])
]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=400)]


def etag(name: object) -> str:
    """The header's value."""
    return f'"{name}"'


def matches(header: str, name: object) -> bool:
    """Whether one of the header's tags is this one; "*" is any."""
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in header.split(","))
    return any(tag in ("*", str(name)) for tag in tags)


def must_match(header: str | None, name: object) -> None:
    """Raises ApiProblem when somebody else has changed the thing meanwhile. No header: whoever asks does not mind."""
    if header is not None and not matches(header, name):
        detail = f"You edited {header}, but the present one is {etag(name)}: somebody else has changed it meanwhile."
        raise ApiProblem(412, "changed", "Changed meanwhile", detail, "Load it again and repeat your change.")


def must_be_given(header: str | None) -> None:
    """Raises ApiProblem where writing without a look at what is there would lose somebody's work."""
    if header is None:
        detail = "This replaces the whole; say which version you have seen."
        raise ApiProblem(428, "if_match", "If-Match is missing", detail, "Send the ETag of your last GET as If-Match.")
