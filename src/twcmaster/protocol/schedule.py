"""Who speaks next on the line, and when.

Heartbeats come first. Each connector has its own due time, `heartbeat_s` after its last one. When one falls due, a
*round* begins: those due within `JOIN` of a period join it at once. So the heartbeats gather in one bunch, and
one gap remains that is long enough for everything else; spread evenly, three connectors would leave three gaps of
which none could hold a question and its reply window.

In the gap, whatever can be over before the next heartbeat is due: a second try for a connector that missed its
heartbeat (so that noise opens no long gaps), what people asked for, announcements, at most one question per gap.
On a line too slow to leave such a gap, one of these per `STARVED_S` goes before a heartbeat all the same: a heartbeat
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
#: Parts of a heartbeat period after which a missed heartbeat is tried again: the first time if the gap has room,
#: from the second miss in a row in any case.
RETRY = 0.3
INSIST = 0.5
STARVED_S = 5.0
#: A 16-byte body, two delimiters, and two escapes.
_FRAME_BYTES = 20


class Choice(NamedTuple):
    """What to send next, and when: now, if the time has come."""

    at: float
    job: Job
    seat: Seat | None = None
    question: Question | None = None


class Schedule:
    """Chooses the next transmission. Knows nothing of its content."""

    def __init__(
        self, settings: MasterSettings, line: Line, seats: Seats, announcer: Announcer, desk: ErrandDesk
    ) -> None:
        self._heartbeat_s = settings.heartbeat_s
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
        seat.retry_at = NEVER
        self._asked = False

    def missed(self, seat: Seat) -> None:
        """This connector has not answered its heartbeat: it gets the next one earlier."""
        seat.misses += 1
        if seat.misses > 1:
            seat.due -= (1 - INSIST) * self._heartbeat_s
        else:
            seat.retry_at = seat.due - (1 - RETRY) * self._heartbeat_s

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
        for side, slot_s in self._side_jobs(now, quiet_until):
            if side.at < best.at and max(side.at, now) + slot_s <= beat.at:
                best = side
        if best is not beat:
            return best
        return self._starved(now, quiet_until, beat) if beat.at < NEVER else beat

    def _next_beat(self, now: float, quiet_until: float) -> Choice:
        chosen: Seat | None = None
        chosen_at = chosen_due = NEVER
        for seat in self._seats:
            if seat.unit.lost_at is not None:
                continue
            due = seat.due
            wanted_at = self._round_at if now < due <= self._horizon else due
            if (max(wanted_at, now), due) < (chosen_at, chosen_due):
                chosen, chosen_at, chosen_due = seat, max(wanted_at, now), due
        if chosen is None:
            return Choice(NEVER, Job.BEAT)
        wanted_at = min(chosen_due, self._round_at) if chosen_due <= self._horizon else chosen_due
        return Choice(self._line.start_at(max(wanted_at, quiet_until)), Job.BEAT, chosen)

    def _side_jobs(self, now: float, quiet_until: float) -> list[tuple[Choice, float]]:
        """Everything but regular heartbeats, in order of precedence, each with the time it may take."""
        start_at = self._line.start_at
        jobs = []
        for seat in self._seats:
            if seat.retry_at < NEVER:
                again = Choice(start_at(max(seat.retry_at, quiet_until)), Job.BEAT, seat)
                jobs.append((again, self._airtime_s + seat.window_s))
        if self._desk.waiting:
            errand = Choice(start_at(max(self._desk.due(), quiet_until)), Job.ERRAND)
            jobs.append((errand, self._airtime_s + self._window_s))
        if self._announcer.due < NEVER:
            announcement = Choice(start_at(max(self._announcer.due, quiet_until)), Job.ANNOUNCE)
            jobs.append((announcement, self._airtime_s))
        query = None if self._asked else self._next_query(now)
        if query is not None:
            seat, question = query
            asking = Choice(start_at(max(question.due, quiet_until)), Job.QUERY, seat, question)
            jobs.append((asking, self._airtime_s + seat.window_s))
        return jobs

    def _next_query(self, now: float) -> tuple[Seat, Question] | None:
        alone = self._seats.alone() is not None
        found: tuple[Seat, Question] | None = None
        soonest = NEVER
        for seat in self._seats:
            if not seat.may_be_asked(now):
                continue
            question = seat.rota.next_question(alone=alone)
            if question.due < soonest:
                soonest = question.due
                found = seat, question
        return found

    def _starved(self, now: float, quiet_until: float, beat: Choice) -> Choice:
        """The heartbeat, or what has been kept from the line by heartbeats for too long."""
        if now < self._side_at + STARVED_S:
            return beat
        for side, _ in self._side_jobs(now, quiet_until):
            if side.job is not Job.BEAT and side.at + STARVED_S <= max(beat.at, now):
                return side
        return beat
