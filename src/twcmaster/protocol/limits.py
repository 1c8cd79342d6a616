"""What a connector's next heartbeat says about its limit.

Protocol 1 hears its limit (command 05) in *every* heartbeat: told 0 A once and then plain 00, it would start and
stop the car every second. Before anybody has made an offer it is told what it says it holds, so that a restart
of ours opens no contactor.

Protocol 2 is told only when there is something to tell, and hears plain 00 otherwise. 05 counts before charging
starts, 09 while charging, 08 answers a unit in state 08 that asks. Told 0 A it charges at 6 A all the same, so

* an offer of 0 is put on the wire only to *lower* something: a limit told before, or one that the unit reports;
* a unit that asks for a limit (state 04 or 08, limit field 0) hears none while its offer is 0;
* a limit field that settles at 6.00 A after 0 was told is the expected answer, not a lost command.

The limit field is no receipt: it stays 0 without a car, and falls to 6.00 A by itself when a session ends.
So a limit is repeated until the heartbeat that carried it was answered; after that, while a car is there and the
field differs, every `REPEAT_S`; and when *raising* does not take after `EAGER_TRIES`, every `PATIENT_S` only.
Lowering never gets patient. Of two units with one id neither's answer is a receipt for the other: they hear their limit
again and again, in turns as one that charges and as one that does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from twcmaster.protocol.allowlist import NotAllowed, SendPolicy, check_command
from twcmaster.protocol.events import LeaseEnded
from twcmaster.protocol.messages import MasterCommand, UnitState
from twcmaster.protocol.settings import WHOLE_AMP_CA, MasterSettings
from twcmaster.protocol.unit import CAR_STATES, CHARGING_STATES, PASSING_STATES, Unit

#: Units take a second or two to show a new limit.
REPEAT_S = 2.0
EAGER_TRIES = 5
PATIENT_S = 30.0
#: How long a freshly found unit may wait for its first offer before it falls to the fallback.
FIRST_OFFER_S = 5.0
#: What a protocol-2 unit makes of 0 A.
SETTLED_CA = 600

_ASKING_STATES = (UnitState.PLUGGED_READY, UnitState.STARTING)
_WITH_LIMIT = (MasterCommand.LIMIT, MasterCommand.LIMIT_AT_START, MasterCommand.SESSION_LIMIT)
_PROTOCOL_2_ONLY = (MasterCommand.RAISE_2A, MasterCommand.LOWER_2A, MasterCommand.SESSION_LIMIT)
_ONE_SHOT = (MasterCommand.ERROR, MasterCommand.RAISE_2A, MasterCommand.LOWER_2A)


@dataclass(slots=True)
class Override:
    """Heartbeat data by hand, until a time."""

    command: int
    limit_ca: int
    until: float
    #: One-shot commands (02, 06, 07) are said once, then the override is silence (00) until its end.
    said: bool = False


class LimitTalk:
    """What one connector has been offered and told, and what it hears next."""

    def __init__(self, unit: Unit, settings: MasterSettings, policy: SendPolicy, now: float) -> None:
        self.unit = unit
        self._settings = settings
        self._policy = policy
        self._override: Override | None = None
        #: The last limit whose heartbeat was answered since the unit was found or a car came; and one not yet answered.
        self._told_ca: int | None = None
        self._unanswered_ca: int | None = None
        self._tries = 0
        self._limits_said = 0
        #: Last state that meant something, see PASSING_STATES.
        self._meaning: int | None = None
        unit.lease_until = now + FIRST_OFFER_S

    # ── the offer ──

    def floor_ca(self) -> int:
        """The least current that is worth offering."""
        settings = self._settings
        return settings.minimum_protocol_1_ca if self.unit.protocol == 1 else settings.minimum_ca

    def clamp(self, limit_ca: int) -> int:
        """The nearest limit not above this one that wiring and unit allow; whole amperes, never under the floor."""
        # A unit that rates itself at 0 A has not told: the wires decide.
        capped = min(limit_ca, self.unit.max_ca or limit_ca, self._settings.connector_limit_ca)
        whole = capped // WHOLE_AMP_CA * WHOLE_AMP_CA
        return whole if whole >= self.floor_ca() else 0

    def offer(self, limit_ca: int, lease_until: float) -> bool:
        """Put an offer in force until `lease_until`; whether it changed. ValueError: not whole, or under the floor."""
        if limit_ca % WHOLE_AMP_CA:
            raise ValueError(f"an offer is whole amperes, not {limit_ca / 100:g} A")
        if 0 < limit_ca < self.floor_ca():
            raise ValueError(f"an offer is 0 or at least {self.floor_ca() / 100:g} A, not {limit_ca / 100:g} A")
        before = self.unit.offer_ca
        self.unit.offer_ca = self.clamp(limit_ca)
        self.unit.lease_until = lease_until
        if self.unit.offer_ca == before:
            return False
        self._tries = 0
        return True

    def end_lease(self, now: float) -> LeaseEnded | None:
        """Lower the offer to the fallback when its lease is over; the event if there was an offer and it changed."""
        unit = self.unit
        if unit.lease_until is None or now < unit.lease_until:
            return None
        unit.lease_until = None
        before = unit.offer_ca
        held = before if before is not None else self.clamp(unit.limit_ca or 0)
        unit.offer_ca = self.clamp(min(held, self._settings.fallback_ca))
        if before is None or unit.offer_ca == before:
            return None
        self._tries = 0
        return LeaseEnded(unit.id, before, unit.offer_ca)

    # ── what happened on the wire ──

    def relinked(self) -> None:
        """The unit asked for a master again: what it was told may be forgotten, what it can do may have changed."""
        self._told_ca = self._unanswered_ca = None
        self._tries = 0
        if self.unit.offer_ca is not None:
            self.unit.offer_ca = self.clamp(self.unit.offer_ca)

    def said(self, command: int, limit_ca: int, now: float) -> None:
        """A heartbeat with this has just been put on the wire."""
        if command in _ONE_SHOT and self._override is not None:
            self._override.said = True
        if command not in _WITH_LIMIT:
            return
        self.unit.sent_ca = self._unanswered_ca = limit_ca
        self.unit.sent_at = now
        self._tries += 1
        self._limits_said += 1

    def answered(self, state: int) -> bool:
        """The unit has answered its last heartbeat with this state. Whether a limit should follow soon."""
        if self._unanswered_ca is not None:
            self._told_ca, self._unanswered_ca = self._unanswered_ca, None
        if state in PASSING_STATES or state == self._meaning:
            return False
        before, self._meaning = self._meaning, state
        self._tries = 0
        if state in CAR_STATES and before not in CAR_STATES:
            self._told_ca = None  # a car came: without a fresh limit it goes to error within seconds
            return True
        return False

    # ── the next heartbeat ──

    def next_command(self, now: float) -> tuple[int, int]:
        """Command and limit (ca) of the heartbeat that is about to be sent."""
        by_hand = self._by_hand(now)
        if by_hand is not None:
            return by_hand
        return self._protocol_1() if self.unit.protocol == 1 else self._protocol_2(now)

    def _by_hand(self, now: float) -> tuple[int, int] | None:
        override = self._override
        if override is None:
            return None
        if now >= override.until:
            self._override = None
            return None
        if override.said:
            return MasterCommand.KEEP, self._keep_ca()
        if self._refusal(override.command, override.limit_ca) is not None:
            return None  # the offer has come down since
        return override.command, override.limit_ca

    def _protocol_1(self) -> tuple[int, int]:
        offer_ca, holds_ca = self.unit.offer_ca, self.unit.limit_ca
        if offer_ca is not None:
            return MasterCommand.LIMIT, offer_ca
        if holds_ca is not None:
            return MasterCommand.LIMIT, self.clamp(holds_ca)
        return MasterCommand.KEEP, self._keep_ca()

    def _keep_ca(self) -> int:
        # Units ignore the amps of a 00; but 00 with 0 A is the one pair that protocol 1 must never see.
        return self.floor_ca() if self.unit.protocol == 1 and self.floor_ca() <= self._policy.max_ca else 0

    def _protocol_2(self, now: float) -> tuple[int, int]:
        offer_ca = self.unit.offer_ca
        if offer_ca is None or not self.unit.answered or not self._has_news(offer_ca, now):
            return MasterCommand.KEEP, 0
        if self._meaning in CHARGING_STATES or (self.unit.duplicate and self._limits_said % 2):
            return MasterCommand.SESSION_LIMIT, offer_ca
        if self._meaning == UnitState.STARTING and self._asks():
            return MasterCommand.LIMIT_AT_START, offer_ca
        return MasterCommand.LIMIT, offer_ca

    def _has_news(self, offer_ca: int, now: float) -> bool:
        unit = self.unit
        holds_ca = unit.limit_ca or 0
        since_s = now - unit.sent_at if unit.sent_at is not None else PATIENT_S
        if unit.duplicate and (offer_ca or not self._asks()):
            return since_s >= REPEAT_S
        if offer_ca == 0:
            if self._asks():
                return False
            if self._told_ca or unit.sent_ca:
                return True
            return holds_ca > SETTLED_CA and since_s >= REPEAT_S
        if self._told_ca != offer_ca:
            return True
        if holds_ca == offer_ca or since_s < REPEAT_S:
            return False
        if holds_ca > offer_ca:
            return True
        eager = self._asks() or self._tries < EAGER_TRIES or since_s >= PATIENT_S
        return self._meaning in CAR_STATES and eager

    def _asks(self) -> bool:
        return self._meaning in _ASKING_STATES and self.unit.limit_ca == 0

    # ── by hand ──

    def override(self, command: int, limit_ca: int, until: float) -> None:
        """Say this in every heartbeat until then, as long as it stays within the offer in force. NotAllowed if not."""
        self.check_by_hand(command, limit_ca)
        self._override = Override(command, limit_ca, until)

    def check_by_hand(self, command: int, limit_ca: int) -> None:
        """Raise NotAllowed unless a person may say this to the unit now: never above the offer in force."""
        refusal = self._refusal(command, limit_ca)
        if refusal is not None:
            raise NotAllowed(refusal)

    def allows_by_hand(self, command: int, limit_ca: int) -> bool:
        """Whether `check_by_hand` would let this pass."""
        return self._refusal(command, limit_ca) is None

    def _refusal(self, command: int, limit_ca: int) -> str | None:
        unit = self.unit
        try:
            check_command(command, limit_ca, unit.protocol, self._policy)
        except NotAllowed as refused:
            return refused.reason
        if unit.protocol == 1 and command == MasterCommand.KEEP and limit_ca == 0:
            return "00 with 0 A makes a protocol-1 unit start and stop its car every second"
        if unit.protocol == 1 and command in _PROTOCOL_2_ONLY:
            return f"protocol 1 does not know the command {command:02X}"
        wanted_ca = self._reach_ca(command, limit_ca)
        offer_ca = unit.offer_ca or 0
        if wanted_ca > offer_ca:
            return f"that is {wanted_ca / 100:g} A, above the {offer_ca / 100:g} A that this connector may have now"
        return None

    def _reach_ca(self, command: int, limit_ca: int) -> int:
        """What the unit could draw because of this heartbeat; 0 when it can only keep or lower what it has."""
        held_ca = max(self.unit.sent_ca or 0, self.unit.limit_ca or 0)
        if command == MasterCommand.RAISE_2A:
            return held_ca + 200
        if command not in _WITH_LIMIT:
            return 0
        if limit_ca == 0 and self.unit.protocol != 1:
            return SETTLED_CA if held_ca < SETTLED_CA else 0
        return limit_ca
