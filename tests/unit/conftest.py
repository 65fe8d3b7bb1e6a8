"""What tests of several parts share."""

import pytest

from specc.codegen.toolchain import Toolchain


@pytest.fixture(scope="session")
def toolchain(tmp_path_factory: pytest.TempPathFactory) -> Toolchain:
    """One compiler cache for the whole session: filling it takes seconds."""
    return Toolchain(tmp_path_factory.mktemp("toolchain"))
