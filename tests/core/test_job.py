"""Jobs: when two are one."""

from hypothesis import given
from hypothesis import strategies as st

from plait.core.job import ENDED, JobSpec

ARGUMENTS = st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=5)


@given(ARGUMENTS)
def test_equal_work_has_one_key_whatever_the_order(arguments):
    turned = dict(reversed(arguments.items()))
    assert (
        JobSpec(kind="train", arguments=turned).key
        == JobSpec(kind="train", arguments=arguments).key
    )


def test_kind_arguments_and_nonce_make_the_key():
    specs = [
        JobSpec(kind="train", arguments={"contract": "loans"}),
        JobSpec(kind="ingest", arguments={"contract": "loans"}),
        JobSpec(kind="train", arguments={"contract": "intent"}),
        JobSpec(kind="train", arguments={"contract": "loans"}, nonce="1"),
        JobSpec(kind="train", arguments={"contract": "loans"}, nonce="2"),
    ]
    assert len({spec.key for spec in specs}) == len(specs)
    assert JobSpec(kind="train", arguments={"contract": "loans"}, nonce="1").key == specs[3].key


def test_a_job_that_ended_stays_ended():
    assert {"done", "failed", "cancelled"} == ENDED
