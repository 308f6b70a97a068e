"""Small files that a citizen may add to a mail, made out of nothing."""

import random
import struct
import zlib
from dataclasses import dataclass, field

SIDE_PIXELS = 32


@dataclass(frozen=True)
class Attachment:
    """A file with its name and kind."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


def png(dice: random.Random) -> Attachment:
    """Draw a picture of coloured noise."""
    row = SIDE_PIXELS * 3
    pixels = b"".join(b"\0" + dice.randbytes(row) for _ in range(SIDE_PIXELS))
    header = struct.pack(">IIBBBBB", SIDE_PIXELS, SIDE_PIXELS, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(pixels)),
            (b"IEND", b""),
        )
    )
    return Attachment("foto.png", "image/png", content)


def pdf(text: str) -> Attachment:
    """Write a page with one line of plain ASCII without brackets."""
    drawing = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    return Attachment("surat.pdf", "application/pdf", _file(objects))


def _file(objects: list[bytes]) -> bytes:
    content = b"%PDF-1.4\n"
    places = []
    for number, value in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return b"%sxref\n0 %d\n0000000000 65535 f \n%s" % (
        content,
        len(objects) + 1,
        table,
    ) + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(content),
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checked = kind + data
    return (
        struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))
    )
