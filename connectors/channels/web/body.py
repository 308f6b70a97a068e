"""What the API takes, validated at the door so that the caller hears of it at once."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from connectors.protocols.plaintext import clean, one_line
from connectors.protocols.sms.numbers import e164
from schemas.base import Model
from schemas.complaint import (
    Category,
    NewComplaint,
    Place,
    Region,
    ReportType,
)
from schemas.parties import ChannelName, Reporter

Line = Annotated[str, AfterValidator(one_line)]
Words = Annotated[str, AfterValidator(clean)]


class WebPlace(Model):
    """Where it happened."""

    text: Annotated[Line, Field(max_length=500)] = ""
    landmark: Annotated[Line, Field(max_length=200)] = ""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


class WebPerson(Model):
    """Who complains; every field may be left out."""

    name: Annotated[Line, Field(max_length=200)] = ""
    email: Annotated[Line, Field(max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$")] = ""
    phone: Annotated[Line, Field(max_length=32, pattern=r"^[+0-9 ().\-]*$")] = ""
    address: Annotated[Line, Field(max_length=500)] = ""
    nik: Annotated[Line, Field(max_length=32)] = ""


class WebComplaint(Model):
    """Body of `POST /api/v1/complaints`."""

    type: ReportType = ReportType.COMPLAINT
    title: Annotated[Line, Field(min_length=1, max_length=255)]
    body: Annotated[Words, Field(min_length=1, max_length=10_000)]
    language: Annotated[Line, Field(max_length=8)] = "id"
    incident_on: date | None = None
    region: Region | None = None
    place: WebPlace = WebPlace()
    category: Category | None = None
    claimed_agency: Annotated[Line, Field(max_length=100)] = ""
    anonymous: bool = False
    confidential: bool = False
    reporter: WebPerson = WebPerson()

    def canonical(self) -> NewComplaint:
        """Make the canonical complaint; a number that cannot be read stays as given."""
        person = self.reporter.model_dump()
        person["phone"] = e164(self.reporter.phone) or self.reporter.phone
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values |= {
            "place": Place(**self.place.model_dump()),
            "reporter": Reporter(**person),
        }
        return NewComplaint(**values, channel=ChannelName.WEB)


class WebReply(Model):
    """Body of `POST /api/v1/complaints/{code}/replies`."""

    text: Annotated[Words, Field(min_length=1, max_length=10_000)]
