"""The recogniser of names, on a pipeline made here."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import spacy

from plait.core.cancel import Cancel
from plait.core.context import Context
from plait.core.errors import Cancelled, EngineError, MissingExtra
from plait.engines import spacy as engine
from plait.engines.spacy import LONGEST, PIECE, SpacyTagger, _pieces
from plait.registry.pull import platform_cache, pull


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pipeline with a component more, whose recogniser learnt one name by heart."""
    path = tmp_path_factory.mktemp("pipeline") / "model"
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    recogniser = nlp.add_pipe("ner")
    recogniser.add_label("PERSON")
    text, marks = "Ask Ana today", {"entities": [(4, 7, "PERSON")]}
    example = spacy.training.Example.from_dict(nlp.make_doc(text), marks)
    other = spacy.training.Example.from_dict(nlp.make_doc("Ask them today"), {"entities": []})
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: [example, other])
    for _ in range(40):
        nlp.update([example, other], sgd=optimizer)
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def tagger(folder):
    return SpacyTagger(folder)


def named(tagger, *texts):
    return [
        [(text[mark.start : mark.end], mark.label) for mark in marks]
        for text, marks in zip(texts, tagger.tag(texts, Context()), strict=True)
    ]


def test_names_are_found_in_each_text(tagger):
    assert named(tagger, "Ask Ana today", "", "Ask them today") == [[("Ana", "PERSON")], [], []]
    assert tagger.tag([], Context()) == []


def test_offsets_hold_in_a_long_text(tagger):
    text = "Ask them today\n" * (PIECE // 10) + "Ask Ana today"
    (marks,) = tagger.tag([text], Context())
    assert ("Ana", len(text) - 9) in [(text[m.start : m.end], m.start) for m in marks]


def test_pieces_are_cut_at_white_space_and_hold_everything():
    text = "word " * PIECE
    spans = list(_pieces(text))
    assert all(end - start <= PIECE for start, end in spans)
    assert "".join(text[start:end] for start, end in spans).split() == text.split()
    assert list(_pieces("x" * (PIECE + 1))) == [(0, PIECE), (PIECE, PIECE + 1)]
    assert list(_pieces(" " * (3 * PIECE))) == []


def test_what_is_no_word_is_not_read(tagger):
    assert named(tagger, "x" * (LONGEST + 1) + " Ask Ana today")[0][-1] == ("Ana", "PERSON")
    assert named(tagger, "(" * 100_000, "\x00\ud800\n") == [[], []]


def test_no_word_stays_behind(tagger):
    before = len(tagger._nlp.vocab.strings)
    named(tagger, "Ask Zebedee Quuxington today")
    assert len(tagger._nlp.vocab.strings) == before
    assert "Quuxington" not in tagger._nlp.vocab.strings


def test_threads_may_share_it(tagger):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: named(tagger, "Ask Ana today"), range(40)))
    assert found == [[[("Ana", "PERSON")]]] * 40


def test_nobody_waits_any_more(tagger):
    cancel = Cancel()
    cancel.request("gone")
    with pytest.raises(Cancelled):
        tagger.tag(["Ask Ana"], Context(cancel=cancel))


@pytest.mark.parametrize("broken", ["gone", "config", "weights", "without"])
def test_a_damaged_folder_is_told(folder, tmp_path, broken):
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    if broken == "gone":
        shutil.rmtree(copy)
    elif broken == "config":
        (copy / "config.cfg").write_text("nothing")
    elif broken == "weights":
        (copy / "ner" / "model").write_bytes(b"\x00")
    else:
        shutil.rmtree(copy)
        spacy.blank("en").to_disk(copy)
    with pytest.raises(EngineError) as told:
        SpacyTagger(copy)
    assert told.value.code == "artefact_damaged"


def test_without_the_library_it_is_said_how_to_get_it(folder, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(engine, "import_module", absent)
    with pytest.raises(MissingExtra, match=r"plait\[guard\]"):
        SpacyTagger(folder)


def test_the_published_pipeline_knows_names():
    pulled = pull("spacy-en", platform_cache())  # 13 MB, which the first run fetches
    found = named(SpacyTagger(pulled.folder), "Can John Smith from Boston get a loan?")[0]
    assert found == [("John Smith", "PERSON"), ("Boston", "GPE")]
