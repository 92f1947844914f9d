"""Identity: who a person is. Accounts of citizens and staff, their credentials, sessions and tokens.

Every use case takes `means` first (`gateway().means` at the edge) and opens its own short transactions, because hashing and
the population registry are slow. `address` is the client's, `agent` its User-Agent. What a person may mend is InvalidFields.

Citizens
    registration.begin(means, form, *, address) -> Pending(request_id, sent_to, expires_at)
        form: nik, kk, name, birth_date, phone, password, email, language; IdentityNotConfirmed, RegistryUnavailable
    registration.resend(means, request_id) -> Pending; registration.confirm(means, request_id, code) -> citizen_id
    signin.sign_in(means, identifier, password, *, address, agent, client="browser") -> NewSession; SignInRefused, TooManyTries
    signin.enter(means, citizen_id, *, address, agent) -> NewSession     (right after registration.confirm)
    recovery.begin_password(means, identifier, *, address) -> Pending; resend_password(means, request_id)
    recovery.finish_password(means, request_id, code, password) -> None
    recovery.begin_phone(means, *, nik, kk, birth_date, new_phone, address) -> Pending; resend_phone(means, request_id)
    recovery.confirm_phone(means, request_id, code) -> WaitingPhone(phone, requested_at, effective_at)
    recovery.cancel_phone(means, token); cancel_own_phone(means, citizen_id); waiting_phone(means, citizen_id) -> WaitingPhone | None
        the link to the old phone is /nomor-hilang/batal/<token>
    profile.details(means, citizen_id) -> Details; profile.applicant(means, citizen_id) -> ApplicantSnapshot (for Submit)
    profile.set_language(means, person, language); contacts.begin_email(means, citizen_id, email, address=…) -> Pending
    profile.change_password(means, person, present, new, *, address)

Guests (a proved phone, no account; they exist only for views that `reporter_required` or `with_guests` mark)
    guests.begin(means, phone, *, address, language="id") -> Pending; guests.resend(means, request_id)
    guests.confirm(means, request_id, code, *, address, agent, client="browser") -> NewSession
    guests.contact(session, vault, ids) -> {guest id: phone}; guests.languages(session, ids) -> {guest id: "id" or "en"}

Sessions (of citizens, guests and staff)
    sessions.open_sessions(means, person) -> [SessionView]; sessions.end(means, person, session_id=None)
    sessions.end_everywhere(means, person, *, but_this=False) -> int

Staff
    staff_signin.begin(means, username, password, *, address) -> SecondStep(ticket, asks, new_password, totp_secret, totp_uri)
    staff_signin.second_step(means, ticket) -> SecondStep
    staff_signin.finish(means, ticket, code, *, new_password="", address, agent) -> StaffSignedIn(session, recovery_codes)
    staff_signin.renew_recovery_codes(means, person, code, *, address); staff_signin.change_password(...)
    staff.create, change_duties, reset_second_factor, reset_password, end, list_staff, get_staff   (admin)

API tokens
    tokens.issue(means, new_session) -> Pair(access_token, expires_in, refresh_token, refresh_expires_at, session_id)
    tokens.refresh(means, refresh_token) -> Pair; tokens.revoke(means, refresh_token)
    (a session for them: sign_in(…, client="api") or finish(…, client="api"))
"""
