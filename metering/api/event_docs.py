"""What the OpenAPI document says about POST /v1/events: the handler reads the body itself."""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType

__all__ = ("SendOperation",)

_STRING = Schema(type=OpenAPIType.STRING, min_length=1, max_length=512)
_EVENT = Schema(
    type=OpenAPIType.OBJECT,
    title="CloudEvent",
    description="A CloudEvents 1.0 event in JSON. The schemas of `data` by type stand under /schemas.",
    required=["id", "source", "type", "time", "subject"],
    properties={
        "specversion": Schema(const="1.0", description="May be left out in plain application/json."),
        "id": _STRING,
        "source": _STRING,
        "type": _STRING,
        "time": Schema(type=OpenAPIType.STRING, description="RFC 3339, with an offset."),
        "subject": _STRING,
        "data": Schema(description="What happened; nested at most 32 levels deep."),
    },
    examples=[
        {
            "specversion": "1.0",
            "id": "a81bc81b-dead-4e5d-abff-90865d1e13b1",
            "source": "https://lms.example/",
            "type": "course.launched",
            "time": "2026-11-24T09:30:00Z",
            "subject": "ann@example.com",
            "data": {"course_id": "safety-1", "course_type": "wbt"},
        }
    ],
)
_BATCH = Schema(type=OpenAPIType.ARRAY, items=_EVENT, max_items=10_000)


@dataclass
class SendOperation(Operation):
    """POST /v1/events with its three structured bodies; in binary mode `ce-*` headers stand beside `data`."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            required=True,
            content={
                "application/cloudevents+json": OpenAPIMediaType(schema=_EVENT),
                "application/cloudevents-batch+json": OpenAPIMediaType(schema=_BATCH),
                "application/json": OpenAPIMediaType(schema=Schema(one_of=[_EVENT, _BATCH])),
            },
        )
