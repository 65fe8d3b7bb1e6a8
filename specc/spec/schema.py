"""The JSON Schema of a spec, for tools that read or write one as JSON: draft 2020-12."""

from __future__ import annotations

from typing import Any, Final

from specc.spec import Spec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of `Spec.model_dump(mode="json")`: the same text for every run of one version."""
    schema = Spec.model_json_schema(mode="serialization")
    return {"$schema": DIALECT, **schema}
