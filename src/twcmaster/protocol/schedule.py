"""Who speaks next on the line, and when.

Heartbeats come first. Each connector has its own due time, `heartbeat_s` after its last one. When one falls due, a
*round* begins: those due within `JOIN` of a period join it at once. So the heartbeats gather in one bunch, and
one gap remains that is long enough for everything else; spread evenly, three connectors would leave three gaps of
which none could hold a question and its reply window.

In the gap, whatever can be over before the next heartbeat is due: what people asked for, announcements, and at most
one question. A connector that missed a heartbeat is due again soon.
On a line too slow to leave such a gap, each of these goes before a heartbeat all the same: a heartbeat
half a second late harms nobody, never knowing the volts does.
"""

from __future__ import annotations

from typing import NamedTuple

from twcmaster.protocol.announce import Announcer
from twcmaster.protocol.line import IDLE_S, Job, Line
from twcmaster.protocol.queries import NEVER, Question
from twcmaster.protocol.requests import ErrandDesk
from twcmaster.protocol.seats import Seat, Seats
from twcmaster.protocol.settings import MasterSettings

#: Part of a heartbeat period by which a heartbeat may come early to share a round.
JOIN = 0.7
#: Part of a heartbeat period after which a missed heartbeat is tried again, and how many times in a row: noise
#: must not open long gaps, and a unit that is gone must not take time from the others. The spread, by our sign,
#: parts two copies of this program that speak in step and so never hear each other.
RETRY = 0.25
RETRY_SPREAD = 0.15
RETRIES = 8
STARVED_S = {Job.ERRAND: 1.0, Job.ANNOUNCE: 5.0, Job.QUERY: 5.0}
#: A 16-byte body, two delimiters, and two escapes.
_FRAME_BYTES = 20


class Choice(NamedTuple):
    """What to send next, and when: now, if the time has come."""

    at: float
    job: Job
    seat: Seat | None = None
    question: Question | None = None
    #: From then on something else may have waited long enough to go first.
    stands_until: float = NEVER


class Schedule:
    """Chooses the next transmission. Knows nothing of its content."""

    def __init__(
        self, settings: MasterSettings, line: Line, seats: Seats, announcer: Announcer, desk: ErrandDesk
    ) -> None:
        self._heartbeat_s = settings.heartbeat_s
        self._retry_s = settings.heartbeat_s * (RETRY + RETRY_SPREAD * settings.sign / 256)
        self._window_s = settings.reply_window_s
        self._line = line
        self._seats = seats
        self._announcer = announcer
        self._desk = desk
        self._airtime_s = line.airtime_s(bytes(_FRAME_BYTES)) + IDLE_S
        self._round_at = NEVER
        self._horizon = -NEVER
        self._side_at = -NEVER
        self._asked = False

    # ── what was sent ──

    def beat(self, seat: Seat, now: float) -> None:
        """A heartbeat is being sent to this connector."""
        if seat.due <= now and now >= self._horizon:
            self._round_at = now
            self._horizon = now + JOIN * self._heartbeat_s
        seat.due = now + self._heartbeat_s
        self._asked = False

    def missed(self, seat: Seat) -> None:
        """This connector has not answered its heartbeat: it gets the next one earlier, if that may be noise."""
        seat.misses += 1
        if seat.misses <= RETRIES:
            seat.due -= self._heartbeat_s - self._retry_s

    def aside(self, job: Job, now: float) -> None:
        """Something other than a heartbeat is being sent."""
        self._side_at = now
        if job is Job.QUERY:
            self._asked = True

    # ── what to send ──

    def choose(self, now: float, quiet_until: float) -> Choice:
        """The next transmission; nothing before `quiet_until`. Its time may lie in the past: then it is due now."""
        beat = self._next_beat(now, quiet_until)
        best = beat
        sides = self._side_jobs(now)
        for side in sides:
            at = self._line.start_at(max(side.wanted_at, quiet_until))
            if at < best.at and max(at, now) + side.slot_s <= beat.at:
                best = side.choice(at)
        return self._starved(sides, now, beat) if best is beat else best

    def _next_beat(self, now: float, quiet_until: float) -> Choice:
        chosen: Seat | None = None
        chosen_at = NEVER
        chosen_key = (NEVER, NEVER)
        for seat in self._seats:
            if seat.unit.lost_at is not None:
                continue
            wanted_at = self._wanted_at(seat)
            key = (max(wanted_at, now), seat.due)
            if key < chosen_key:
                chosen, chosen_at, chosen_key = seat, wanted_at, key
        return Choice(self._line.start_at(max(chosen_at, quiet_until)), Job.BEAT, chosen)

    def _wanted_at(self, seat: Seat) -> float:
        """Since or from when on a connector's heartbeat may be sent, others permitting."""
        if seat.due > self._horizon:
            return seat.due
        return seat.due if seat.misses else min(seat.due, self._round_at)

    def _side_jobs(self, now: float) -> list[_Side]:
        """Everything but regular heartbeats, in order of precedence."""
        jobs = []
        if self._desk.waiting:
            jobs.append(_Side(self._desk.due(), self._airtime_s + self._window_s, Job.ERRAND))
        if self._announcer.due < NEVER:
            jobs.append(_Side(self._announcer.due, self._airtime_s, Job.ANNOUNCE))
        query = None if self._asked else self._next_query(now)
        if query is not None:
            jobs.append(query)
        return jobs

    def _next_query(self, now: float) -> _Side | None:
        alone = self._seats.alone() is not None
        found: _Side | None = None
        soonest = NEVER
        for seat in self._seats:
            if not seat.may_be_asked(now):
                continue
            question = seat.rota.next_question(alone=alone)
            if question.due < soonest:
                soonest = question.due
                found = _Side(soonest, self._airtime_s + seat.window_s, Job.QUERY, seat, question)
        return found

    def _starved(self, sides: list[_Side], now: float, beat: Choice) -> Choice:
        """The heartbeat, or what heartbeats have kept from the line for too long."""
        stands_until = NEVER
        for side in sides:
            starved_at = max(side.wanted_at, self._side_at) + STARVED_S[side.job]
            if beat.at <= now and starved_at <= now:
                return side.choice(beat.at)
            stands_until = min(stands_until, starved_at)
        return beat._replace(stands_until=stands_until)


class _Side(NamedTuple):
    """Something that may be sent between heartbeats: from when on, and how long it may hold the line."""

    wanted_at: float
    slot_s: float
    job: Job
    seat: Seat | None = None
    question: Question | None = None

    def choice(self, at: float) -> Choice:
        return Choice(at, self.job, self.seat, self.question)
