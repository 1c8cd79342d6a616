"""Telnet with port control (RFC 854, 855, 856, 2217), the client's half, sans-IO.

Bytes from the network go into `feed`, which gives the serial bytes in them; what must be answered at once collects in
`take_replies`. The answers to our port settings are in `confirmed`, refusals in `refused`. Serial bytes for the
network go through `escape`.

Options are agreed on one at a time by WILL/WONT (what the sender does) and DO/DONT (what the other shall do). Only a
change of state is answered, which is what keeps two polite ends from answering each other for ever (RFC 854).
"""

from __future__ import annotations

from enum import Enum, auto

SE, SB, WILL, WONT, DO, DONT, IAC = 0xF0, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF
BINARY, SUPPRESS_GO_AHEAD, COM_PORT = 0, 3, 44

#: RFC 2217 section 3: what is set, and the value as the server repeats it under the code + 100.
SET_BAUDRATE, SET_DATASIZE, SET_PARITY, SET_STOPSIZE, SET_CONTROL, PURGE_DATA = 1, 2, 3, 4, 5, 12
LINE_9600_8N1: dict[int, bytes] = {
    SET_BAUDRATE: (9600).to_bytes(4, "big"),
    SET_DATASIZE: b"\x08",
    SET_PARITY: b"\x01",  # none
    SET_STOPSIZE: b"\x01",
}
_NO_FLOW_CONTROL = b"\x01"
_PURGE_BOTH = b"\x03"
_SERVER_CODES = 100
#: Longer than any answer there is; a server that never ends one must not fill the memory.
_LONGEST_ANSWER = 256

_OURS = frozenset((BINARY, SUPPRESS_GO_AHEAD, COM_PORT))
_THEIRS = frozenset((BINARY, SUPPRESS_GO_AHEAD))
_AGREED_TO = {WILL: True, DO: True, WONT: False, DONT: False}


class _State(Enum):
    DATA = auto()
    COMMAND = auto()
    OPTION = auto()
    ANSWER = auto()
    ANSWER_IAC = auto()


def escape(data: bytes) -> bytes:
    """Serial bytes as they go over the network."""
    return data.replace(b"\xff", b"\xff\xff")


class PortControl:
    """One connection's telnet state."""

    def __init__(self) -> None:
        #: What the server repeated of our settings, by setting.
        self.confirmed: dict[int, bytes] = {}
        #: Options that the server does not want, of those this program cannot do without.
        self.refused: set[int] = set()
        self._state = _State.DATA
        self._verb = 0
        self._answer = bytearray()
        # Asking counts as agreed, so that the server's yes is not answered again.
        self._ours = {BINARY: True, COM_PORT: True}
        self._theirs = {BINARY: True, SUPPRESS_GO_AHEAD: True}
        self._replies = bytearray((IAC, WILL, BINARY, IAC, DO, BINARY, IAC, DO, SUPPRESS_GO_AHEAD, IAC, WILL, COM_PORT))
        self._settings_sent = False

    @property
    def ready(self) -> bool:
        """Whether the server has repeated every setting, with whatever value."""
        return self.confirmed.keys() >= LINE_9600_8N1.keys()

    def take_replies(self) -> bytes:
        """What must be sent now, as it goes over the network; once."""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    def feed(self, data: bytes) -> bytes:
        """The serial bytes in what came from the network."""
        if self._state is _State.DATA and IAC not in data:
            return data
        out = bytearray()
        for byte in data:
            self._step(byte, out)
        return bytes(out)

    def _step(self, byte: int, out: bytearray) -> None:
        match self._state:
            case _State.DATA:
                if byte == IAC:
                    self._state = _State.COMMAND
                else:
                    out.append(byte)
            case _State.COMMAND:
                self._command(byte, out)
            case _State.OPTION:
                self._state = _State.DATA
                self._negotiate(self._verb, byte)
            case _State.ANSWER:
                self._in_answer(byte)
            case _State.ANSWER_IAC:
                self._after_iac_in_answer(byte)

    def _command(self, byte: int, out: bytearray) -> None:
        self._state = _State.DATA
        if byte == IAC:
            out.append(IAC)
        elif byte == SB:
            self._answer.clear()
            self._state = _State.ANSWER
        elif byte in _AGREED_TO:
            self._verb = byte
            self._state = _State.OPTION

    def _in_answer(self, byte: int) -> None:
        if byte == IAC:
            self._state = _State.ANSWER_IAC
        elif len(self._answer) < _LONGEST_ANSWER:
            self._answer.append(byte)

    def _after_iac_in_answer(self, byte: int) -> None:
        if byte == IAC:
            self._state = _State.ANSWER
            self._answer.append(IAC)
            return
        self._state = _State.DATA
        if byte == SE and len(self._answer) > 1 and self._answer[0] == COM_PORT:
            setting = self._answer[1] - _SERVER_CODES
            if setting in LINE_9600_8N1:
                self.confirmed[setting] = bytes(self._answer[2:])

    def _negotiate(self, verb: int, option: int) -> None:
        if verb in (DO, DONT):
            states, able, yes, no = self._ours, option in _OURS, WILL, WONT
        else:
            states, able, yes, no = self._theirs, option in _THEIRS, DO, DONT
        wanted = _AGREED_TO[verb]
        if not wanted and option in (BINARY, COM_PORT) and states.get(option):
            self.refused.add(option)
        agreed = wanted and able
        if agreed != states.get(option, False) or (wanted and not able):
            states[option] = agreed
            self._replies += bytes((IAC, yes if agreed else no, option))
        if verb == DO and option == COM_PORT and not self._settings_sent:
            self._send_settings()

    def _send_settings(self) -> None:
        self._settings_sent = True
        for setting, value in LINE_9600_8N1.items():
            self._set(setting, value)
        self._set(SET_CONTROL, _NO_FLOW_CONTROL)
        self._set(PURGE_DATA, _PURGE_BOTH)

    def _set(self, setting: int, value: bytes) -> None:
        self._replies += bytes((IAC, SB, COM_PORT, setting)) + escape(value) + bytes((IAC, SE))
