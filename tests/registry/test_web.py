"""Downloads from a web site on this machine, with every fault a site can have."""

import importlib.metadata

import pytest

from plait.core.errors import OriginError
from plait.registry.origin import Web, is_sound, partial_of
from plait.registry.web import from_web

BIG = "model/weights.bin"


def quiet(_):
    """Tell nobody."""


@pytest.fixture
def sound(tmp_path, notes):
    return lambda: all(is_sound(tmp_path / path, note) for path, note in notes.items())


def test_files_come_by_their_paths(site, notes, tmp_path, sound):
    seen = []
    from_web(Web(site.root), notes, tmp_path, seen.append)
    assert sound()
    assert site.asked == [("config.json", ""), (BIG, "")]
    assert site.agents == {f"plait/{importlib.metadata.version('plait')}"}
    assert seen[-1].done == seen[-1].total == sum(note.size for note in notes.values())


def test_what_an_earlier_attempt_left_is_not_asked_again(site, notes, content, tmp_path, sound):
    partial_of(tmp_path / BIG).parent.mkdir()
    partial_of(tmp_path / BIG).write_bytes(content[BIG][:1000])
    from_web(Web(site.root), notes, tmp_path, quiet)
    assert sound()
    assert site.asked[-1] == (BIG, "bytes=1000-")


def test_a_site_that_breaks_off_is_asked_for_the_rest(site, notes, tmp_path, sound):
    site.breaks_after = 1_000_000
    from_web(Web(site.root), notes, tmp_path, quiet)
    assert sound()
    assert site.asked[1:] == [(BIG, ""), (BIG, "bytes=1000000-"), (BIG, "bytes=2000000-")]


def test_a_site_that_gives_no_more_is_given_up_and_the_part_kept(site, notes, tmp_path):
    site.breaks_after = 0
    partial_of(tmp_path / BIG).parent.mkdir()
    partial_of(tmp_path / BIG).write_bytes(b"x" * 10)
    with pytest.raises(OriginError, match="ended after 10 of 2,304,000 bytes") as caught:
        from_web(Web(site.root), {BIG: notes[BIG]}, tmp_path, quiet)
    assert caught.value.code == "origin_unreachable"
    assert partial_of(tmp_path / BIG).stat().st_size == 10


def test_a_site_may_ignore_ranges(site, notes, content, tmp_path, sound):
    site.takes_ranges = False
    partial_of(tmp_path / BIG).parent.mkdir()
    partial_of(tmp_path / BIG).write_bytes(content[BIG][:1_500_000])
    from_web(Web(site.root), notes, tmp_path, quiet)
    assert sound()


@pytest.mark.parametrize("kept", [500, 2_304_000, 2_304_001], ids=["part", "whole", "too much"])
def test_a_part_of_other_bytes_costs_one_more_download(site, notes, tmp_path, sound, kept):
    partial_of(tmp_path / BIG).parent.mkdir()
    partial_of(tmp_path / BIG).write_bytes(b"?" * kept)
    seen = []
    from_web(Web(site.root), notes, tmp_path, seen.append)
    assert sound()
    assert seen[-1].done == seen[-1].total


def test_other_bytes_are_refused_and_not_kept(site, notes, tmp_path):
    site.files[BIG] = b"!" * notes[BIG].size
    with pytest.raises(OriginError, match=r"weights.bin has other bytes") as caught:
        from_web(Web(site.root), notes, tmp_path, quiet)
    assert caught.value.code == "origin_changed"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["config.json"]


def test_a_missing_file_is_named_by_its_status(site, notes, tmp_path):
    del site.files["config.json"]
    with pytest.raises(OriginError, match="answered 404 Not Found") as caught:
        from_web(Web(site.root), notes, tmp_path, quiet)
    assert caught.value.code == "origin_unreachable"


def test_nobody_listens(notes, tmp_path):
    with pytest.raises(OriginError, match="refused") as caught:
        from_web(Web("http://127.0.0.1:9/"), notes, tmp_path, quiet)
    assert caught.value.code == "origin_unreachable"


def test_a_redirect_is_followed_and_keeps_the_range(site, notes, content, tmp_path, sound):
    site.moved_to = site.root
    partial_of(tmp_path / BIG).parent.mkdir()
    partial_of(tmp_path / BIG).write_bytes(content[BIG][:1000])
    from_web(Web(site.root), notes, tmp_path, quiet)
    assert sound()
    assert site.asked[-1] == (f"moved/{BIG}", "bytes=1000-")


def test_a_redirect_to_plain_http_elsewhere_is_refused(site, notes, tmp_path):
    site.moved_to = "http://example.org/"
    with pytest.raises(OriginError, match=r"http://example.org/moved/config.json is not https"):
        from_web(Web(site.root), notes, tmp_path, quiet)


@pytest.mark.parametrize("root", ["http://example.org/", "ftp://example.org/", "file:///etc/"])
def test_only_https_leaves_this_machine(root, notes, tmp_path):
    with pytest.raises(OriginError, match="is not https"):
        from_web(Web(root), notes, tmp_path, quiet)
