"""Strangers can cause a log line only once an hour, and only a limited number of lines."""

from datetime import timedelta

from structlog.testing import capture_logs

from mentorship.web.http.limits.sparse_log import AGAIN_AFTER, MOST_LINES, SparseLog


def test_the_same_line_is_written_once_an_hour(clock):
    log = SparseLog()
    with capture_logs() as lines:
        for seconds in (0, 1, 3598):
            clock.tick(timedelta(seconds=seconds))
            log.warning("wrong_host", asked="evil.example")
        assert len(lines) == 1

        clock.tick(timedelta(seconds=1))
        log.warning("wrong_host", asked="evil.example")

    assert lines == [{"event": "wrong_host", "asked": "evil.example", "log_level": "warning"}] * 2


def test_a_clock_that_is_set_back_does_not_silence_the_log(clock):
    log = SparseLog()
    with capture_logs() as lines:
        log.warning("wrong_host")
        clock.tick(-AGAIN_AFTER)
        log.warning("wrong_host")

    assert len(lines) == 2


def test_different_lines_are_limited_and_long_values_are_cut(clock):
    log = SparseLog()
    with capture_logs() as lines:
        for number in range(MOST_LINES + 5):
            log.warning("wrong_host", asked=f"{number:03}" + "x" * 500)

    assert len(lines) == MOST_LINES
    assert {len(line["asked"]) for line in lines} == {200}
