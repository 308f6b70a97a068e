"""How a normalised complaint becomes the first event of its log."""

from connectors.contract import New
from schemas.complaint import Region
from schemas.payloads import Received


def received_payload(item: New, reporter_id: str) -> Received:
    """Make the payload; what may name a person or a house is in its sealed part."""
    c = item.complaint
    return Received(
        channel=c.channel,
        report_type=c.type,
        reporter_id=reporter_id,
        anonymous=c.anonymous,
        confidential=c.confidential,
        language=c.language,
        category=c.category,
        region=_coarse(c.region),
        incident_on=c.incident_on,
        claimed_agency=c.claimed_agency,
        keyword=c.keyword,
        attachments=len(item.files),
        truncated=c.truncated,
        title=c.title,
        body=c.body,
        place_text=c.place.text,
        landmark=c.place.landmark,
        region_detail=c.region.code if c.region else "",
        latitude=c.place.latitude,
        longitude=c.place.longitude,
    )


def _coarse(region: Region | None) -> Region | None:
    """Clear facts hold a region down to kabupaten or kota only."""
    return (
        None if region is None else region.model_copy(update={"code": region.code[:5]})
    )
