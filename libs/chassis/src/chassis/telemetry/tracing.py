"""Turns traces on as the settings say. The SDK is loaded with the first span: a process without traces never pays for it."""

from __future__ import annotations

from chassis.settings import Common
from chassis.telemetry.context import Attributes, Kind, Recorder, Span, record


def trace(service: str, process: str, settings: Common) -> None:
    """Record traces of this process where `settings` name a place for them; call it again in a process that was forked."""
    record(_Loading(f"{service}-{process}", settings) if settings.traces else None, settings.traces_ratio)


class _Loading:
    """Stands for the recorder until the first span, and then takes its place."""

    def __init__(self, name: str, settings: Common) -> None:
        self._name, self._settings = name, settings

    def __call__(self, name: str, kind: Kind, parent: str, attributes: Attributes) -> tuple[Span, str]:
        from chassis.telemetry.recorder import SpanRecorder

        recorder: Recorder = SpanRecorder(self._name, self._settings)
        record(recorder, self._settings.traces_ratio)
        return recorder(name, kind, parent, attributes)
