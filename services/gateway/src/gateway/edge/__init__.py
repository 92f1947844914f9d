"""What every page and API route stands on: the present person, guards, form tokens, limits, idempotency keys, errors.

    from gateway.edge import gateway, citizen_required, staff_required, public, idempotent, uploads, limited

- `gateway()` gives `.settings`, `.means` (for use cases of identity), `.db`, `.vault`, `.upstreams` (stubs of the services).
- `g.person` is None, a `Citizen`, a `Staff`, or, only where `@reporter_required` or `@with_guests` say so, a `Guest`; `g.language` is "id" or "en"; calls of `gateway().upstreams` are made in their name.
- A view without a guard needs a signed-in person; mark what anybody may see with `@public`.
- `csrf_token()` is in every template; a form that posts carries it in a hidden field `csrf_token` (scripts: header X-CSRF-Token).
- `@idempotent` on what creates or pays: header Idempotency-Key, or a hidden field `idempotency_key` = `new_idempotency_key()`.
- `@uploads` where a request may have 12 MiB (else 1 MiB), `@uploads_up_to(16)` for more. `spend(…)` counts what a person may do an hour. `@limited("sign_in")` where guesses are made.
- `begin_session(response, new)` and `end_session(response)` set and clear the cookie.
- DomainError and rpc.Failure become problem+json under /api/ and /open311/, and `error.html` elsewhere.
"""

from gateway.edge.context import Gateway, gateway
from gateway.edge.cookies import begin_session, end_session
from gateway.edge.csrf import csrf_token
from gateway.edge.errors import problem, status_of
from gateway.edge.guards import (
    access_of,
    citizen_required,
    public,
    reporter_required,
    signed_in_required,
    staff_required,
    uploads,
    uploads_up_to,
    with_guests,
)
from gateway.edge.idempotency import idempotent, new_idempotency_key
from gateway.edge.limits import limited, spend
from gateway.edge.wiring import install

__all__ = [
    "Gateway",
    "access_of",
    "begin_session",
    "citizen_required",
    "csrf_token",
    "end_session",
    "gateway",
    "idempotent",
    "install",
    "limited",
    "new_idempotency_key",
    "problem",
    "public",
    "reporter_required",
    "signed_in_required",
    "spend",
    "staff_required",
    "status_of",
    "uploads",
    "uploads_up_to",
    "with_guests",
]
