"""Dynamic merchant-presented QRIS payloads: EMVCo TLV with CRC-16/CCITT-FALSE (EMV QRCPS MPM 1.1; Bank Indonesia's QRIS)."""

from __future__ import annotations

from dataclasses import dataclass

_DOMAIN = "ID.CO.QRIS.WWW"


@dataclass(frozen=True, slots=True)
class Merchant:
    """Who is paid: names as shown in the wallet (≤ 25 and ≤ 15 characters), national merchant id, and account at the acquirer."""

    name: str
    city: str
    postcode: str
    nmid: str
    acquirer: str  # reverse domain of the acquirer
    pan: str
    category: str = "4900"  # utilities, ISO 18245


class NotQris(ValueError):  # noqa: N818 - named as what the text is
    """The text is no QRIS payload, or was changed on the way."""


def payload(merchant: Merchant, *, amount: int, reference: str) -> str:
    """Return a payload that asks for `amount` rupiah once; `reference` (≤ 25 characters) comes back with the payment."""
    account = _field("00", merchant.acquirer) + _field("01", merchant.pan) + _field("03", "UBE")
    national = _field("00", _DOMAIN) + _field("02", merchant.nmid) + _field("03", "UBE")
    body = (
        _field("00", "01") + _field("01", "12") + _field("26", account) + _field("51", national) + _field("52", merchant.category)
        + _field("53", "360") + _field("54", str(amount)) + _field("58", "ID") + _field("59", merchant.name[:25])
        + _field("60", merchant.city[:15]) + _field("61", merchant.postcode) + _field("62", _field("05", reference)) + "6304"
    )  # fmt: skip
    return body + checksum(body)


def parse(text: str) -> dict[str, str]:
    """Return the top-level fields of a payload by their ids; NotQris when its structure or checksum is wrong."""
    text = text.strip()
    if len(text) < 8 or text[-8:-4] != "6304" or checksum(text[:-4]) != text[-4:].upper():  # noqa: PLR2004 - id, length, CRC
        raise NotQris("checksum")
    return fields(text)


def fields(text: str) -> dict[str, str]:
    """Split a run of id-length-value triples."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        tag, size = text[at : at + 2], text[at + 2 : at + 4]
        if len(tag) < 2 or not (size.isascii() and size.isdigit()) or at + 4 + int(size) > len(text):  # noqa: PLR2004 - an id has 2
            raise NotQris("structure")
        found[tag] = text[at + 4 : at + 4 + int(size)]
        at += 4 + int(size)
    return found


def reference(text: str) -> str:
    """Return the reference label of a payload; NotQris when it has none."""
    label = fields(parse(text).get("62", "")).get("05", "")
    if not label:
        raise NotQris("reference")
    return label


def checksum(text: str) -> str:
    """Return the CRC-16/CCITT-FALSE (polynomial 1021, start FFFF) of UTF-8 text as four capital hex digits."""
    crc = 0xFFFF
    for byte in text.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else (crc << 1) & 0xFFFF
    return f"{crc:04X}"


def _field(tag: str, value: str) -> str:
    if len(value) > 99:  # noqa: PLR2004 - two digits of length
        raise ValueError(f"field {tag} is longer than 99")
    return f"{tag}{len(value):02d}{value}"
