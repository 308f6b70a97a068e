"""What the API takes, validated at the door so that the caller hears of it at once."""

import json
import unicodedata
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from connectors.contract import HttpResponse
from connectors.protocols.problems import FieldError, problem
from schemas.complaint import Category, NewComplaint, Place, Region, ReportType
from schemas.parties import ChannelName, Reporter


def _clean(value: str) -> str:
    if "\x00" in value:
        msg = "NUL characters are not taken"
        raise ValueError(msg)
    return unicodedata.normalize("NFC", value).strip()


Words = Annotated[str, AfterValidator(_clean)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WebPerson(_Strict):
    """Who complains; every field may be left out."""

    name: Annotated[Words, Field(max_length=200)] = ""
    email: Annotated[Words, Field(max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$")] = ""
    phone: Annotated[Words, Field(max_length=32, pattern=r"^[+0-9 ().-]*$")] = ""
    address: Annotated[Words, Field(max_length=500)] = ""
    nik: Annotated[Words, Field(max_length=32)] = ""


class WebComplaint(_Strict):
    """Body of `POST /api/v1/complaints`."""

    type: ReportType = ReportType.COMPLAINT
    title: Annotated[Words, Field(min_length=1, max_length=255)]
    body: Annotated[Words, Field(min_length=1, max_length=10_000)]
    language: Annotated[Words, Field(max_length=8)] = "id"
    incident_on: date | None = None
    region: Region | None = None
    place: Place = Place()
    category: Category | None = None
    claimed_agency: Annotated[Words, Field(max_length=100)] = ""
    anonymous: bool = False
    confidential: bool = False
    reporter: WebPerson = WebPerson()

    def canonical(self, phone: str) -> NewComplaint:
        """Make the canonical complaint; `phone` is the number in E.164."""
        person = self.reporter.model_dump() | {"phone": phone}
        values = {
            name: getattr(self, name)
            for name in type(self).model_fields
            if name != "reporter"
        }
        return NewComplaint(
            **values, channel=ChannelName.WEB, reporter=Reporter(**person)
        )


class WebReply(_Strict):
    """Body of `POST /api/v1/complaints/{code}/replies`."""

    text: Annotated[Words, Field(min_length=1, max_length=10_000)]


def check(model: type[BaseModel], body: bytes) -> BaseModel | HttpResponse:
    """Read a body, or say what is wrong with it without repeating its values."""
    try:
        tree: Any = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        return problem(400, "Bad request", "the body is not UTF-8")
    except (ValueError, RecursionError):
        return problem(400, "Bad request", "the body is not JSON")
    if not isinstance(tree, dict):
        return problem(400, "Bad request", "the body must be a JSON object")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        errors = [
            FieldError(
                pointer="/" + "/".join(str(step) for step in row["loc"]),
                code=row["type"],
                detail=row["msg"],
            )
            for row in error.errors(include_input=False, include_context=False)
        ]
        detail = "some fields cannot be taken; see errors"
        return problem(422, "Unprocessable", detail, errors=errors)
