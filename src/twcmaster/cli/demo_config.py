"""The config that the demo runs on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_SITE = """\
# What the demo runs on. The same file would drive real connectors: only link and addresses differ.
[site]
name = "Demo house"

[[circuit]]
name = "garage"
limit_a = 40          # 50 A breaker x 0.8
volts = 240

[[bus]]
name = "garage"
link = "{link}"
circuit = "garage"
connector_limit_a = 40
allow_relay_commands = true   # without the sun these connectors can stop their cars in no other way

[[connector]]
bus = "garage"
id = "1839"
name = "Left bay"
limit_a = 20          # its wires

[[connector]]
bus = "garage"
id = "2433"
name = "Right bay"
limit_a = 16

[[connector]]
bus = "garage"
id = "022C"
name = "Driveway"
limit_a = 16

[control]
mode = "solar"

[prices]
currency = "USD"
grid_per_kwh = 0.31
feed_in_per_kwh = 0.08

[[meter]]
name = "grid"
role = "grid"         # import positive
kind = "http"
url = "{meter}"
power_w = "grid.power"
phase_a = ["grid.amps[0]"]
every_s = 1

[[meter]]
name = "roof"
role = "pv"
kind = "http"
url = "{meter}"
power_w = "pv.power"
every_s = 1
"""
_BATTERY = """
[[meter]]
name = "battery"
role = "battery"      # discharge positive
kind = "http"
url = "{meter}"
power_w = "battery.power"
soc_percent = "battery.percent"
every_s = 1

[battery]
meter = "battery"
car_from_percent = 50
"""
_WEB = """
[web]
host = "{host}"
port = {port}
auth = "{auth}"
"""
_NO_WEB = """
[web]
enabled = false
"""


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """What differs from one demo to the next. `port` None: no page."""

    link: Path
    meter: str
    host: str = "127.0.0.1"
    port: int | None = None
    auth: str = "none"
    battery: bool = False

    def text(self) -> str:
        """The file."""
        energy = _SITE + (_BATTERY if self.battery else "")
        web = _NO_WEB if self.port is None else _WEB.format(host=self.host, port=self.port, auth=self.auth)
        return energy.format(link=self.link, meter=self.meter) + web
