import pytest

from plait.core.errors import MissingExtra
from plait.train.seeded import torch_of


def test_without_torch_it_says_what_to_install(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("plait.train.seeded.import_module", absent)
    with pytest.raises(MissingExtra, match="torch"), torch_of(0):
        pass


@pytest.mark.long  # `make test-all` installs torch
def test_torch_is_left_as_it_was():
    with torch_of(3) as torch:
        first = torch.rand(1)
    torch.set_num_threads(2)
    state = torch.get_rng_state()
    with torch_of(3) as again:
        assert again.get_num_threads() == 1
        assert torch.equal(again.rand(1), first)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), state)
