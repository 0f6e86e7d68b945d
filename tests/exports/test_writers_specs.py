"""Bodies held against what SendGrid, Amazon and Klaviyo publish, for short messages and for all shipped campaigns.

The specifications are not part of the repository; without them beside the checkout these tests skip.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from esp_messages import bodies, message
from export_rows import ROWS, RUN, SECRET, load

from exports import Renderer

Check = Callable[[Any], None]


@cache
def spec(path: Path) -> Any:
    if not path.is_file():
        pytest.skip(f"{path.name} is not beside this checkout (../shared/data/esp_specs)")
    return json.loads(path.read_bytes())


def closed(schema: Any) -> Any:
    """A schema in which a name that was not declared is a fault."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items() if key not in ("example", "examples", "description")}
    if isinstance(result.get("properties"), dict) and result.get("type") == "object":
        result.setdefault("additionalProperties", False)
    return result


def openapi(document: dict[str, Any], pointer: str) -> Check:
    schema = {"$ref": f"#/components/{pointer}", "components": closed(document["components"])}
    return jsonschema.Draft202012Validator(schema).validate


def smithy(shapes: dict[str, Any], name: str) -> dict[str, Any]:
    """JSON Schema of a shape of Amazon's service model."""
    shape = shapes[name]
    if shape["type"] == "structure":
        members = {key: smithy(shapes, member["shape"]) for key, member in shape["members"].items()}
        return {
            "type": "object", "properties": members, "required": shape.get("required", []),
            "additionalProperties": False,
        }  # fmt: skip
    if shape["type"] == "list":
        bounds = {"minItems": shape.get("min", 0), "maxItems": shape.get("max", 1 << 30)}
        return {"type": "array", "items": smithy(shapes, shape["member"]["shape"]), **bounds}
    bounds = {"minLength": shape.get("min", 0), "maxLength": shape.get("max", 1 << 30)}
    if "pattern" in shape:
        bounds["pattern"] = f"^(?:{shape['pattern']})$"
    return {"type": "string", **bounds, **({"enum": shape["enum"]} if "enum" in shape else {})}


@pytest.fixture
def check(request: pytest.FixtureRequest, shared_data: Path) -> Check:
    """Validates a body of the service that the test is for."""
    specs, name = shared_data / "esp_specs", request.getfixturevalue("name")
    if name == "sendgrid":
        pointer = "requestBodies/PostMailSend/content/application~1json/schema"
        return openapi(spec(specs / "sendgrid/tsg_mail_v3.json"), pointer)
    if name == "ses":
        shapes = spec(specs / "aws_ses/sesv2-service-2.json")["shapes"]
        return jsonschema.Draft202012Validator(smithy(shapes, "SendBulkEmailRequest")).validate
    schemas = {"klaviyo_profiles": "ProfileImportJobCreateQuery", "klaviyo_events": "EventsBulkCreateJob"}
    return openapi(spec(specs / "klaviyo/stable.json"), f"schemas/{schemas[name]}")


SPECIFIED = ["sendgrid", "ses", "klaviyo_profiles", "klaviyo_events"]


@pytest.mark.parametrize("name", SPECIFIED)
def test_short_messages_are_as_the_specification_has_them(name: str, check: Check) -> None:
    hostile = message(2, to={"email": "ada@bücher.example", "name": 'Zoë, "李" \\'}, subject='"; 🦊')
    for body in bodies(name, [message(1), hostile]):
        check(body)


@pytest.mark.parametrize("name", SPECIFIED)
@pytest.mark.parametrize("campaign", sorted(ROWS))
def test_shipped_campaigns_are_as_the_specification_has_them(name: str, campaign: str, check: Check) -> None:
    renderer = Renderer(load(campaign), RUN, SECRET)
    sent = [renderer.render(ROWS[campaign](number)).message for number in range(1, 121)]
    written = list(bodies(name, sent))
    assert written
    for body in written:
        check(body)


@pytest.mark.parametrize("name", SPECIFIED)
def test_a_fault_would_be_seen(name: str, check: Check) -> None:
    """The check is worth something only if it fails: for a misspelt name, a missing one, a value of a wrong type."""
    faults: dict[str, list[tuple[list[Any], Any]]] = {
        "sendgrid": [(["personalizations", 0, "too"], []), (["personalizations", 0, "to"], None), (["template_id"], 7)],
        "ses": [(["BulkEmailEntries", 0, "Tags"], []), (["DefaultContent"], None), (["FromEmailAddress"], 7)],
        "klaviyo_profiles": [(["data", "kind"], "x"), (["data", "attributes"], None), (["data", "type"], "profile")],
        "klaviyo_events": [(["data", "kind"], "x"), (["data", "attributes"], None), (["data", "type"], "event")],
    }
    for path, value in faults[name]:
        (body,) = bodies(name, [message()])
        target = body
        for key in path[:-1]:
            target = target[key]
        if value is None:
            del target[path[-1]]
        else:
            target[path[-1]] = value
        with pytest.raises(jsonschema.ValidationError):
            check(body)
