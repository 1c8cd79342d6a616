"""Errors, in the shape of RFC 9457 (problem+json) with one field more: what to do."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Everything that the API answers with."""

    model_config = ConfigDict(frozen=True)


class Request(BaseModel):
    """Everything that the API is asked with: unknown fields are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldProblem(Answer):
    """What is wrong with one field of a request."""

    where: str = Field(examples=["body.amps"])
    text: str = Field(examples=["Input should be greater than or equal to 0"])


class Problem(Answer):
    """Any answer that is not a success, as `application/problem+json`."""

    type: str = Field(description="A name for programs; stays the same.", examples=["refused"])
    title: str = Field(examples=["This command makes no sense here"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=['There is no connector "garage/1A2C".'])
    what_to_do: str = Field(examples=["Known: garage/1A2B."])
    problems: list[FieldProblem] = Field([], description="For invalid requests: each field that is wrong.")
