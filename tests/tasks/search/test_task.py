import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.context import Context, Principal
from plait.core.errors import InvalidRequest
from plait.core.privacy import Privacy
from plait.core.request import SearchRequest
from plait.store.index import CollectionIndex
from plait.tasks.search.ingest import Given, ingest
from plait.tasks.search.task import Fusion, SearchTask
from plait.testing.embedder import WordEmbedder

LATE = "# Policy\n\n## Late payments\n\nA payment is late after 15 days.\n"
HORSES = "# Collateral\n\nHorses are not accepted. Grey horses neither.\n"
FEES = "# Fees\n\nA late payment costs 5 %.\n"


@pytest.fixture
def fill(store, tmp_path):
    """A function that takes texts into a collection."""

    def fill(collection, encoder, subject="", **texts):
        given = [
            Given(name=f"{name}.md", data=text.encode(), metadata={"topic": name})
            for name, text in texts.items()
        ]
        for done in ingest(store, collection, given, encoder, Context()):
            assert done.error is None, done

    return fill


@pytest.fixture
def indexes(store, tmp_path):
    found = {}
    return lambda row: found.setdefault(row.id, CollectionIndex(store, row, tmp_path / "store"))


@pytest.fixture
def task(store, docs, embedder, indexes, fill):
    """What searches a collection of three documents."""
    fill(docs, embedder, late=LATE, horses=HORSES, fees=FEES)
    return SearchTask("docs", store, indexes, lambda _: embedder)


def search(task, query, tenant="default", context=None, **more):
    context = context or Context(principal=Principal(tenant=tenant))
    return asyncio.run(task.run(SearchRequest(collection="docs", query=query, **more), context))


def names(response):
    return [each.name for each in response.passages]


def test_the_best_passage_comes_first_with_all_that_is_known_of_it(task, embedder):
    found = search(task, "when is a payment late?")
    assert (found.collection, found.artefact) == ("docs", embedder.artefact.id)
    first = found.passages[0]
    assert first.name == "late.md"
    assert first.headings == ("Policy", "Late payments")
    assert LATE[first.start : first.end] == first.text
    assert first.collection == "docs"
    assert first.metadata == {"topic": "late"}
    assert first.privacy is Privacy.INTERNAL
    assert first.page is None
    scores = [each.score for each in found.passages]
    assert scores[0] <= 1
    assert scores == sorted(scores, reverse=True)
    assert set(found.record()) == {"id", "collection", "results"}


def test_top_says_how_many(task):
    assert len(search(task, "payment", top=1).passages) == 1
    for top in (0, -1, 1_001):
        with pytest.raises(InvalidRequest) as caught:
            search(task, "payment", top=top)
        assert caught.value.code == "request_shape"


def test_each_stage_is_in_the_trace(task):
    context = Context()
    search(task, "late payment", context=context)
    assert [span.name for span in context.trace.spans] == [
        "embed", "lexical", "dense", "fuse", "join",
    ]  # fmt: skip
    assert context.trace.spans[1].tags["passages"] == 2
    assert all(not span.content for span in context.trace.spans)


def test_it_works_in_the_threads_it_is_given(store, embedder, indexes, task):
    used = []

    async def work(call, *arguments):
        used.append(call)
        return await asyncio.to_thread(call, *arguments)

    class Embedder(WordEmbedder):
        def embed(self, texts, context):
            used.append(threading.current_thread() is not threading.main_thread())
            return super().embed(texts, context)

    other = SearchTask("docs", store, indexes, lambda _: Embedder(), work=work)
    assert names(search(other, "grey horses"))[0] == "horses.md"
    assert used[1:] == [True]


def test_metadata_narrow_the_search(task):
    assert names(search(task, "late payment", where={"topic": "fees"})) == ["fees.md"]
    assert names(search(task, "late payment", where={"topic": "none"})) == []
    assert names(search(task, "late payment", where={"topic": "fees", "x": "y"})) == []


def test_a_tenant_never_sees_anothers_passage(
    store, docs, embedder, indexes, fill, task, other_docs
):
    fill(other_docs, embedder, secret="# Plan\n\nThe late payment plan of the other tenant.\n")
    for query in ("late payment plan of the other tenant", "horses", "fees"):
        mine = search(task, query, top=1000)
        theirs = search(task, query, tenant="other", top=1000)
        assert set(names(mine)) <= {"late.md", "horses.md", "fees.md"}
        assert names(theirs) == ["secret.md"]
        assert names(search(task, query, tenant="third", top=1000)) == []


def test_an_index_that_leaks_finds_nothing_of_another_tenant(
    store, docs, other_docs, embedder, indexes, fill, task
):
    fill(other_docs, embedder, secret="# Plan\n\nA late payment plan.\n")
    index, other = indexes(docs), indexes(other_docs)
    index.lexical = other.lexical
    index.dense = other.dense
    assert names(search(task, "late payment plan")) == []


def test_without_an_embedder_words_decide(store, docs, indexes, fill):
    fill(docs, None, late=LATE, horses=HORSES)
    task = SearchTask("docs", store, indexes, lambda _: None)
    context = Context()
    found = search(task, "Horse", context=context)
    assert names(found) == ["horses.md"]
    assert found.artefact == ""
    assert found.passages[0].score == pytest.approx(1)
    assert [span.name for span in context.trace.spans] == ["lexical", "fuse", "join"]


def test_vectors_of_another_model_are_left_alone(store, indexes, task):
    other = SearchTask("docs", store, indexes, lambda _: WordEmbedder(seed=9))
    found = search(other, "horses")
    assert (names(found), found.artefact) == (["horses.md"], "")


def test_a_question_of_anything_gets_an_answer(task):
    for query in ("", " ", "?!\u2026", "\U0001f40e", "\ud83d", "\0"):
        assert search(task, query).passages == ()
    for query in ("late" * 5_000, "late payment " * 2_000, 'late AND ("', "a\ud83d late", "日本語"):
        search(task, query)
    assert names(search(task, "policy AND (late^9 -fifteen"))[0] == "late.md"


def test_what_is_removed_is_found_no_more(store, task):
    assert "late.md" in names(search(task, "late payment"))
    store.documents.remove("col_1", "late.md")
    assert "late.md" not in names(search(task, "late payment"))


def test_what_goes_while_a_question_is_answered_is_not_shown(store, task, docs, indexes):
    index = indexes(docs)
    whole = index.joined

    def joined(numbers):
        store.documents.remove("col_1", "late.md")
        return whole(numbers)

    index.joined = joined
    assert names(search(task, "late payment", top=1)) == ["fees.md"]


def test_an_empty_collection_has_no_answer(store, docs, indexes, embedder):
    task = SearchTask("docs", store, indexes, lambda _: embedder)
    assert search(task, "late").passages == ()
    assert search(task, "late", tenant="nobody").passages == ()


def test_nobody_waits_any_more(task):
    context = Context()
    context.cancel.request("left")
    with pytest.raises(Exception, match="left"):
        search(task, "late", context=context)


RANKING = st.lists(st.integers(1, 50), unique=True, max_size=30).map(
    lambda numbers: [(number, 1.0) for number in numbers]
)


@given(lexical=RANKING, dense=RANKING, weight=st.floats(0.1, 10))
def test_fusion_keeps_what_it_promises(lexical, dense, weight):
    fused = Fusion(lexical=1.0, dense=weight).fuse(lexical, dense)
    assert {number for number, _ in fused} == {number for number, _ in lexical + dense}
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    if lexical and dense and lexical[0] == dense[0]:
        assert fused[0] == (lexical[0][0], pytest.approx(1))
    assert [n for n, _ in Fusion().fuse(lexical, ())] == [n for n, _ in lexical]
    assert [n for n, _ in Fusion().fuse((), dense)] == [n for n, _ in dense]
    assert Fusion(dense=0.0).fuse(lexical, dense) == Fusion().fuse(lexical, ())


def test_fusion_weighs_and_forgets_what_lies_deep():
    one, two = [(1, 0.0), (2, 0.0)], [(2, 0.0), (1, 0.0)]
    assert Fusion(lexical=2.0).fuse(one, two)[0][0] == 1
    assert Fusion(dense=2.0).fuse(one, two)[0][0] == 2
    assert Fusion().fuse(one, two)[0][0] == 1
    assert [n for n, _ in Fusion(depth=1).fuse(one, [])] == [1]
