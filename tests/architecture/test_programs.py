"""A missing program of the machine skips the tests that need it, or fails them if required."""

import os

import pytest

from tests.support.programs import required_program

MISSING = "Not installed on this machine: no-such-program or another."


def test_the_first_program_that_is_installed_is_taken():
    assert os.access(required_program("no-such-program", "sh"), os.X_OK)


@pytest.mark.parametrize("value", ["", "0"])
def test_without_a_program_the_test_is_skipped_with_the_reason(monkeypatch, value):
    monkeypatch.setenv("REQUIRE_SERVICES", value)

    with pytest.raises(pytest.skip.Exception, match=MISSING):
        required_program("no-such-program", "another")


def test_without_a_required_program_the_test_fails(monkeypatch):
    monkeypatch.setenv("REQUIRE_SERVICES", "1")

    with pytest.raises(pytest.fail.Exception, match=MISSING):
        required_program("no-such-program", "another")
