import pytest

from steelyard.audit import catalogue
from steelyard.errors import InputError


def test_a_glob_that_names_nothing_is_refused_with_the_nearest_ids() -> None:
    with pytest.raises(InputError, match=r"did you mean selftest\.coin"):
        catalogue.probes(["selftest.coil"])


def test_a_glob_names_a_room_of_probes_and_a_minus_takes_away() -> None:
    assert [probe.card.id for probe in catalogue.probes(["selftest.c*"])] == ["selftest.coin"]
    with pytest.raises(InputError, match="no probe is left"):
        catalogue.probes(["selftest.coin", "-selftest.*"])
