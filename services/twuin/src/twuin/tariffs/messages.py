"""Tariffs as messages of the contract."""

from __future__ import annotations

from malang.twuin.v1 import tariffs_pb2 as pb

from twuin.tariffs.model import Line, Tariff


def tariff_message(tariff: Tariff) -> pb.Tariff:
    """Translate a tariff."""
    return pb.Tariff(
        group=tariff.group, name_id=tariff.name_id, name_en=tariff.name_en, effective_from=tariff.effective_from.isoformat(),
        demo=tariff.demo, source=tariff.source,
        blocks=[pb.Block(from_m3=block.from_m3, to_m3=block.to_m3 or 0, price=block.price) for block in tariff.blocks],
        fixed_parts=[
            pb.FixedPart(code=part.code, name_id=part.name_id, name_en=part.name_en, amount=part.amount)
            for part in tariff.fixed_parts
        ],
    )  # fmt: skip


def line_message(line: Line) -> pb.Line:
    """Translate a line."""
    return pb.Line(
        code=line.code, name_id=line.name_id, name_en=line.name_en, quantity=line.quantity, unit_price=line.unit_price,
        amount=line.amount, from_m3=line.from_m3, to_m3=line.to_m3 or 0,
    )  # fmt: skip
