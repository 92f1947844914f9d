import grpc
import pytest
from chassis import rpc
from chassis.errors import Conflict, DomainError, FieldError, NotFound, Refused
from chassis.principal import Unauthenticated
from chassis.rpc.failures import CODES, KINDS, SENTENCES, STATUS_KEY, from_call, of_exception, of_kind, to_status
from hypothesis import example, given
from hypothesis import strategies as st

sentences = st.text(min_size=1, max_size=60)
fields = st.builds(FieldError, sentences, sentences, sentences, sentences)
failures = st.builds(
    rpc.Failure,
    kind=st.sampled_from(sorted(CODES)),
    code=sentences,
    id=sentences,
    en=sentences,
    fields=st.lists(fields, max_size=4).map(tuple),
    retry_after=st.none() | st.integers(0, 100_000).map(lambda ms: ms / 1000),
)


class Ended:
    """What the other end of a connection sees of a call that ended: its status and trailing metadata."""

    def __init__(self, code, *trailing):
        self._code, self._trailing = code, trailing

    def code(self):
        return self._code

    def trailing_metadata(self):
        return self._trailing or None


def parts(failure):
    return failure.kind, failure.code, failure.id, failure.en, failure.fields, failure.retry_after


@example(rpc.Failure("conflict", "busy", "nanti", "later", (), 1.001))  # 1000.9999999999999 milliseconds
@given(failures)
def test_arrives_as_it_left(failure):
    sent = to_status(failure)
    assert sent.code == CODES[failure.kind].value[0]
    assert parts(from_call(Ended(CODES[failure.kind], (STATUS_KEY, sent.SerializeToString())))) == parts(failure)


@pytest.mark.parametrize("code", list(grpc.StatusCode))
def test_every_status_is_a_sentence_in_both_languages(code):
    failure = from_call(Ended(code))
    assert failure.kind == KINDS.get(code, "internal")
    assert (failure.sentence("id"), failure.sentence("en")) == SENTENCES[failure.kind]
    assert failure.sentence("id") != failure.sentence("en")


def test_a_server_that_asks_for_patience_is_heard():
    assert from_call(Ended(grpc.StatusCode.RESOURCE_EXHAUSTED, ("grpc-retry-pushback-ms", "1500"))).retry_after == 1.5
    assert from_call(Ended(grpc.StatusCode.RESOURCE_EXHAUSTED, ("grpc-retry-pushback-ms", "soon"))).retry_after is None


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (Refused(), "refused"),
        (Refused(fields=[FieldError("a", "b", "c", "d")]), "invalid"),
        (NotFound(), "not_found"),
        (Conflict(), "conflict"),
        (Unauthenticated(), "unauthenticated"),
        (of_kind("exhausted"), "exhausted"),
        (KeyError("nik"), "internal"),
        (TimeoutError(), "internal"),
    ],
)
def test_each_exception_has_its_kind(wrong, kind):
    failure = of_exception(wrong)
    assert failure.kind == kind
    if isinstance(wrong, DomainError):
        assert failure.code == type(wrong).code


def test_a_pool_without_a_free_connection_is_exhaustion():
    import sqlalchemy as sa

    engine = sa.create_engine("sqlite://", poolclass=sa.QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01)
    with engine.connect(), pytest.raises(sa.exc.TimeoutError) as caught:
        engine.connect()
    assert of_exception(caught.value).kind == "exhausted"


def test_a_database_that_is_not_there_is_unavailable(tmp_path):
    import sqlalchemy as sa

    engine = sa.create_engine(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
    with pytest.raises(sa.exc.OperationalError) as caught:
        engine.connect()
    assert of_exception(caught.value).kind == "unavailable"


def test_a_rule_for_workloads_names_them():
    with pytest.raises(ValueError, match="workloads"):
        rpc.workload()
    with pytest.raises(ValueError, match="rule"):
        rpc.access()


def test_rules_say_their_names():
    @rpc.access(rpc.CITIZEN, rpc.staff("lurah", "officer"), rpc.staff(), rpc.workload("gateway"))
    def method():
        pass

    assert [rule.name for rule in rpc.rules_of(method)] == ["citizen", "staff(lurah, officer)", "staff()", "workload(gateway)"]
    assert rpc.rules_of(None) == ()
