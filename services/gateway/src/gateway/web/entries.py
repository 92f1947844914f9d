"""What a person typed into a form and what is wrong with it, so that nothing has to be typed twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from chassis.errors import DomainError, FieldError
from chassis.rpc import Failure
from chassis.rpc.failures import of_exception
from flask import request

from gateway.edge import status_of
from gateway.web.catalog import language

_PASSED_ON = {"unauthenticated", "denied", "internal"}


class Entry:
    """Values and errors of one form; templates read it, views fill it."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        """Take the values to show."""
        self.values = dict(values or {})
        self.errors: dict[str, str] = {}
        self.general = ""
        self.status = 200
        self.links: dict[str, str] = {}
        self._labels: dict[str, str] = {}

    @classmethod
    def typed(cls) -> Entry:
        """Return what the present request's form carries."""
        return cls(request.form.to_dict())

    @classmethod
    def asked(cls) -> Entry:
        """Return what the present request's query carries."""
        return cls(request.args.to_dict())

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "").strip()

    @property
    def wrong(self) -> bool:
        """Tell whether something has to be mended."""
        return bool(self.errors or self.general)

    def link(self, name: str) -> str:
        """Return where the summary's line about a field leads."""
        return self.links.get(name, f"#f-{name}")

    def reject(self, name: str, sentence: str) -> None:
        """Say what is wrong with one field."""
        self.errors.setdefault(name, sentence)
        self.status = 422

    def take(self, failure: Failure, names: Mapping[str, str] | None = None) -> None:
        """Take over what a use case or service refused; `names` gives the form's name of a field called otherwise."""
        self.status = status_of(failure)
        unplaced = []
        for field in failure.fields:
            name = _name(field, names or {})
            if name in self.values or name in (names or {}).values():
                self.reject(name, field.sentence(language()))
            else:
                unplaced.append(field.sentence(language()))
        self.status = status_of(failure)
        if unplaced or not failure.fields:
            self.general = " ".join(unplaced) or failure.sentence(language())

    def naming(self, labels: Mapping[str, str]) -> None:
        """Have the summary of errors, which stands apart from the fields, name them."""
        self._labels.update(labels)

    def summed_up(self, name: str) -> str:
        """Return the line of the summary about a field."""
        said, label = self.errors[name], self._labels.get(name)
        return f"{label}: {said[:1].lower()}{said[1:]}" if label else said

    @contextmanager
    def catching(self, *, missing: bool = False, names: Mapping[str, str] | None = None) -> Iterator[None]:
        """Take over what is refused inside the block; with `missing` also what is not found. Other failures pass on."""
        try:
            yield
        except (DomainError, Failure) as wrong:
            failure = of_exception(wrong)
            if failure.kind in _PASSED_ON or (failure.kind == "not_found" and not missing):
                raise
            self.take(failure, names)


def _name(field: FieldError, names: Mapping[str, str]) -> str:
    last = field.field.rpartition(".")[2]
    return names.get(field.field) or names.get(last) or last
