"""Jobs in forked processes."""

import os

import pytest

from apps.core.forking import ProcessFailed, run_forked


def test_results_come_in_the_order_of_the_jobs_each_from_its_own_process() -> None:
    here = os.getpid()
    first, second, last = run_forked([os.getpid, os.getpid, os.getpid])
    assert last == here
    assert len({first, second, last}) == 3


def test_a_process_that_fails_is_told_with_its_error(capfd) -> None:
    with pytest.raises(ProcessFailed, match="ZeroDivisionError"):
        run_forked([lambda: 1 // 0, lambda: 1])


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(ProcessFailed, match="without a word"):
        run_forked([lambda: os._exit(9), lambda: 1])
