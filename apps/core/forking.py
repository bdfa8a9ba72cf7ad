"""Work on several cores: jobs in forked processes, which share the memory of what is loaded."""

import gc
import multiprocessing
import os
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from django.db import connections

from apps.core.errors import DomainError

Result = TypeVar("Result")


class ProcessFailed(DomainError):
    """A forked process ended without its result; the message has its traceback, if it left one."""

    code = "PROCESS_FAILED"


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def run_forked(jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """The results of the jobs, each of which runs in a process of its own; the last runs here.

    Not inside a transaction: every process opens its own database connection. Results are pickled.
    Raises ProcessFailed when a process fails, after all have ended.
    """
    connections.close_all()
    # What is loaded stays shared as long as nobody writes to it; the collector would.
    gc.freeze()
    fork = multiprocessing.get_context("fork")
    running = []
    for job in jobs[:-1]:
        ours, theirs = fork.Pipe(duplex=False)
        process = fork.Process(target=_run, args=(job, theirs))
        process.start()
        theirs.close()
        running.append((process, ours))
    try:
        last = jobs[-1]()
    finally:
        gc.unfreeze()
        ended = [_collect(pipe) for _, pipe in running]
        for process, _ in running:
            process.join()
    failures = [failure for _, failure in ended if failure]
    if failures:
        raise ProcessFailed("\n".join(failures))
    return [*(result for result, _ in ended), last]


def _run(job: Callable[[], Result], pipe: Connection) -> None:
    try:
        pipe.send((job(), ""))
    except BaseException:
        pipe.send((None, traceback.format_exc()))
        raise
    finally:
        connections.close_all()


def _collect(pipe: Connection) -> tuple[Any, str]:
    """The result, or why there is none."""
    try:
        answer: tuple[Any, str] = pipe.recv()
        return answer
    except EOFError:
        return None, "A process ended without a word; it may have been killed."
