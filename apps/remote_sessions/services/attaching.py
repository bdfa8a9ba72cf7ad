"""What it means for a remote session that a session or CDR is its own; on locked rows."""

from apps.cdrs.models import CDR, ChargingSession
from apps.remote_sessions.matching import Match, Sign
from apps.remote_sessions.models import RemoteSession
from apps.remote_sessions.models.remote_session import Confidence, MatchedBy
from apps.remote_sessions.services.changes import Changes, Kind
from apps.remote_sessions.services.ending import complete_on
from apps.remote_sessions.states import START_OPEN, UNWANTED, Reason, State

Status = ChargingSession.Status
STARTED = {Status.ACTIVE, Status.COMPLETED}
OPEN = {State.PENDING, State.STARTING, State.ACTIVE, State.STOPPING}
_BY_STAFF = (MatchedBy.STAFF, Confidence.CERTAIN)


def attach_session_to(
    changes: Changes, remote_session: RemoteSession, session: ChargingSession, match: Match | None
) -> None:
    """The session is this one's, recognised by `match` (None: by staff)."""
    by, confidence = _kept(match)
    remote_session.session = session
    remote_session.session_matched_by, remote_session.session_confidence = by, confidence
    if not remote_session.operator_session_id:
        remote_session.operator_session_id = session.session_id
    _keep_their_reference(remote_session, session.authorization_reference)
    changes.touch(remote_session)
    changes.tell(
        remote_session, Kind.SESSION,
        f"Session {session.session_id} ({session.get_status_display().lower()}) attached, "
        f"recognised by {MatchedBy(by).label.lower()} ({Confidence(confidence).label.lower()}).",
        session=str(session.pk),
    )  # fmt: skip
    _react(changes, remote_session, session, is_new=True)


def follow_session(
    changes: Changes, remote_session: RemoteSession, session: ChargingSession
) -> None:
    """The attached session changed."""
    remote_session.session = session
    _react(changes, remote_session, session, is_new=False)


def _react(
    changes: Changes, remote_session: RemoteSession, session: ChargingSession, *, is_new: bool
) -> None:
    state = State(remote_session.state)
    if session.status in STARTED:
        begins = state in START_OPEN or state == State.CANCELLED
        if begins or (state == State.ERROR and is_new):
            _begin(changes, remote_session, session)
        if session.status == Status.COMPLETED:
            _session_ended(changes, remote_session, session, is_new=is_new)
    elif session.status == Status.INVALID and state in OPEN:
        changes.move(remote_session, State.CANCELLED, reason=Reason.SESSION_INVALID,
                     message="The operator called the session invalid.")  # fmt: skip


def _begin(changes: Changes, remote_session: RemoteSession, session: ChargingSession) -> None:
    unwanted = remote_session.state == State.CANCELLED and remote_session.reason in UNWANTED
    changes.move(remote_session, State.ACTIVE)
    if unwanted and session.status != Status.COMPLETED:
        changes.move(remote_session, State.STOPPING,
                     message="It began after it was cancelled.")  # fmt: skip
        changes.ask_stop(remote_session, by=RemoteSession.StopBy.LATE_START)


def _session_ended(
    changes: Changes, remote_session: RemoteSession, session: ChargingSession, *, is_new: bool
) -> None:
    """Told once, and again when the energy was corrected: operators repeat their last message."""
    ended_with = f"{session.kwh.normalize():f}"
    told = remote_session.timeline.filter(kind=Kind.SESSION, data__ended_with=ended_with)
    if is_new or not told.exists():
        changes.tell(
            remote_session, Kind.SESSION,
            f"Session {session.session_id} is completed: {ended_with} kWh.", ended_with=ended_with,
        )  # fmt: skip
    ends = remote_session.state in OPEN or remote_session.state == State.ERROR
    if ends and not remote_session.operator.sends_cdrs:
        complete_on(changes, remote_session)


def attach_cdr_to(
    changes: Changes, remote_session: RemoteSession, cdr: CDR, match: Match | None
) -> None:
    """The CDR is this one's; it completes the remote session from whatever state it is in."""
    by, confidence = _kept(match)
    before = remote_session.cdr
    remote_session.cdr, remote_session.credit_cdr = cdr, None
    remote_session.cdr_matched_by, remote_session.cdr_confidence = by, confidence
    if not remote_session.operator_session_id:
        remote_session.operator_session_id = cdr.session_id
    _keep_their_reference(remote_session, cdr.authorization_reference)
    changes.touch(remote_session)
    instead = f" instead of {before.cdr_id}, which was taken back" if before else ""
    changes.tell(
        remote_session, Kind.CDR,
        f"CDR {cdr.cdr_id} attached{instead} ({cdr.kwh.normalize():f} kWh), recognised by "
        f"{MatchedBy(by).label.lower()} ({Confidence(confidence).label.lower()}).",
        cdr=str(cdr.pk),
    )  # fmt: skip
    if remote_session.state != State.COMPLETED:
        complete_on(changes, remote_session)


def _kept(match: Match | None) -> tuple[str, str]:
    if match is None:
        return _BY_STAFF
    return Sign(match.sign).value, match.confidence


def _keep_their_reference(remote_session: RemoteSession, theirs: str) -> None:
    """A hub's own reference is kept beside ours."""
    ours = remote_session.authorization_reference
    if theirs and theirs.upper() != ours.upper():
        remote_session.operator_authorization_reference = theirs
