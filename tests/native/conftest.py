"""What several tests of native mode stand on."""

import pytest

from symrnn.native import warm


@pytest.fixture
def cold():
    """Programs are made here, not kept from another process."""
    with warm.turned_off():
        yield
