"""How the simulated operator behaves: well, or badly in one of the ways that real ones do."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mood(StrEnum):
    """normal answers within seconds; the others each do one thing wrong, chaos any of them."""

    NORMAL = "normal"
    SLOW = "slow"
    REFUSE = "refuse"
    LOSE_ANSWERS = "lose-answers"
    SEND_TWICE = "send-twice"
    LATE = "late"
    OUT_OF_ORDER = "out-of-order"
    CHAOS = "chaos"


BAD: Final = tuple(mood for mood in Mood if mood not in {Mood.NORMAL, Mood.CHAOS})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take in a good mood, in seconds; `late` is added by the mood late."""

    answer: float = 0.2
    result: float = 1.5
    begin: float = 3.0
    update: float = 5.0
    end: float = 2.0
    cdr: float = 5.0
    longest_charge: float = 600.0
    slow: float = 6.0
    late: float = 45.0


@dataclass(frozen=True, slots=True)
class Manners:
    """What a mood means for one command and the charge that it starts."""

    refuses_at_once: bool = False
    refuses_later: bool = False
    loses_answer: bool = False
    loses_result: bool = False
    loses_sessions: bool = False
    copies: int = 1
    answer_wait: float = 0.0
    push_wait: float = 0.0
    shuffle: float = 0.0


def manners(mood: Mood, pace: Pace, dice: random.Random) -> Manners:
    """How the next command fares."""
    if mood is Mood.CHAOS:
        mood = dice.choice((Mood.NORMAL, *BAD))
    if mood is Mood.REFUSE:
        at_once = dice.random() < 0.5
        return Manners(refuses_at_once=at_once, refuses_later=not at_once)
    if mood is Mood.LOSE_ANSWERS:
        return Manners(
            loses_answer=True,
            loses_result=dice.random() < 0.5,
            loses_sessions=dice.random() < 0.5,
        )
    return {
        Mood.SLOW: Manners(answer_wait=pace.slow, push_wait=pace.slow),
        Mood.SEND_TWICE: Manners(copies=2),
        Mood.LATE: Manners(push_wait=pace.late),
        Mood.OUT_OF_ORDER: Manners(shuffle=pace.slow * 2),
    }.get(mood, Manners())
