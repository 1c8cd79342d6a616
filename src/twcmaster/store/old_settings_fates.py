"""What becomes of each entry of the old files that is not taken over by name, as a table.

Sources: the settings and config files as the original and its fork read and write them, and their settings pages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from twcmaster.store.old_settings_words import Fate

_SECRET = re.compile(r"token|passw|_pass$|apikey|api_key|secret|clientid|\bdsn$", re.IGNORECASE)
_CARS = "Cars are not reached over the network yet."
_NO_CAR_LIMIT = f"A charge limit for the car. {_CARS}"
_EMS = "Describe this source as a [[meter]] of kind http, mqtt or modbus."

#: Path (with * for any part), fate, what is said. The first match counts.
_FATES: Sequence[tuple[str, Fate, str]] = (
    ("homeL[ao][tn]", Fate.LATER, f"Where cars are at home. {_CARS}"),
    ("kWhDelivered", Fate.BUILT_IN, "Each connector's own lifetime counter is read from it."),
    ("carApi*", Fate.LATER, f"That way to reach cars no longer exists. {_CARS}"),
    ("chargeLimits*", Fate.LATER, _NO_CAR_LIMIT),
    (
        "chargeStopMode",
        Fate.LATER,
        f"Method 1 (the car) comes with cars; 2 is not offered: it faults connectors. {_CARS}",
    ),
    ("chargeRateControl", Fate.LATER, f"The wall connector sets the rate. {_CARS}"),
    ("commandPolicy", Fate.LATER, _CARS),
    ("chargeAuthorizationMode", Fate.LATER, "Who may charge is not checked by VIN yet."),
    ("VehicleGroups.*", Fate.LATER, "Who may charge is not checked by VIN yet."),
    ("Vehicles*", Fate.BUILT_IN, "Sessions and energy are counted afresh."),
    ("SlaveTWCs*", Fate.BUILT_IN, "What a connector can tell is found out."),
    ("scheduledAmpsFlexStart", Fate.LATER, "Starting as late as possible needs to know the car's battery."),
    ("scheduledAmpsBatterySize", Fate.LATER, "Starting as late as possible needs to know the car's battery."),
    ("Schedule.Settings.flex*", Fate.LATER, "Starting as late as possible needs to know the car's battery."),
    ("Schedule.*.flex", Fate.LATER, "Starting as late as possible needs to know the car's battery."),
    ("Schedule.*", Fate.BUILT_IN, "The page's copy: the fork itself went by the scheduledAmps… entries."),
    ("respondToSlaves", Fate.BUILT_IN, "Connectors are always answered."),
    ("consumptionOffset", Fate.BUILT_IN, "Empty."),
    ("sunrise", Fate.BUILT_IN, "The sun itself says when it shines."),
    ("sunset", Fate.BUILT_IN, "The sun itself says when it shines."),
    ("sendServerTime", Fate.BUILT_IN, "Of the old page only."),
    ("webControlTheme", Fate.BUILT_IN, "Of the old page only."),
    ("refresh*", Fate.BUILT_IN, "Of the old page only."),
    ("Graphs*", Fate.BUILT_IN, "Of the old page only."),
    ("resetChargeNow*", Fate.BUILT_IN, "Of the old page only."),
    ("enableDebugCommands", Fate.BUILT_IN, "`twcmaster send` is always there, and refuses what can do harm."),
    ("debugLevel", Fate.BUILT_IN, "`twcmaster log` changes it while running."),
    ("masterSign", Fate.BUILT_IN, "Chosen afresh at each start."),
    ("slaveSign", Fate.BUILT_IN, "Chosen afresh at each start."),
    # config.json
    ("config.settingsPath", Fate.BUILT_IN, "Import settings.json from there, too."),
    ("config.minAmpsPerTWC", Fate.CONFIG, "minimum_a"),
    ("config.startStopDelay", Fate.BUILT_IN, "Starts and stops are weighed by energy; a contactor rests for 60 s."),
    ("config.greenEnergyFlexAmps", Fate.BUILT_IN, "Holding on through clouds is weighed by energy."),
    ("config.useFlexAmpsToStartCharge", Fate.BUILT_IN, "Starting is weighed by energy."),
    ("config.greenEnergyLatch", Fate.BUILT_IN, "Holding on through clouds is weighed by energy."),
    ("config.realPowerFactor*", Fate.BUILT_IN, "What the car draws is measured."),
    ("config.atHomeRadius", Fate.LATER, _CARS),
    ("config.onlyChargeMultiCarsAtHome", Fate.LATER, _CARS),
    ("config.minChargeLevel", Fate.LATER, f"Needs the car's battery level. {_CARS}"),
    ("config.teslaProxy*", Fate.LATER, _CARS),
    ("config.teslaApi*", Fate.LATER, _CARS),
    ("config.cloudUpdateInterval", Fate.LATER, _CARS),
    ("config.*Limit", Fate.LATER, _NO_CAR_LIMIT),
    ("config.displayMilliseconds", Fate.BUILT_IN, "The log has them."),
    ("config.debugOutputToFile", Fate.BUILT_IN, "The service manager keeps the log."),
    ("config.webhookMethod", Fate.LATER, "There are no webhooks."),
    ("interface.RS485.baud", Fate.BUILT_IN, "Always 9600."),
    ("interface.*.slaveTimeout", Fate.BUILT_IN, "Always 26 s."),
    ("interface.Dummy.*", Fate.BUILT_IN, "`twcmaster demo` plays connectors."),
    ("interface.TCP.*", Fate.BUILT_IN, 'A network adapter is a link like "socket://10.0.0.5:8899".'),
    ("interface.*", Fate.BUILT_IN, "The adapter is the link of the [[bus]]."),
    ("control.HTTP.*", Fate.BUILT_IN, "The page and its login are set up under [web]."),
    ("control.MQTT.*", Fate.LATER, "Commands over MQTT are not there yet."),
    ("control.OCPP.*", Fate.LATER, "OCPP is not there yet."),
    ("control.*", Fate.BUILT_IN, "Other ways to steer: the page, the API and `twcmaster set`."),
    ("policy.engine.policyCheckInterval", Fate.BUILT_IN, "Decisions are made every second and at each reading."),
    ("policy.alwaysPollEMS", Fate.BUILT_IN, "Meters are always read."),
    ("policy.extend.webhooks*", Fate.LATER, "There are no webhooks."),
    ("policy.*", Fate.LATER, "Rules of your own cannot be carried over; windows, priorities and save power may do."),
    ("logging.*", Fate.BUILT_IN, "The history is built in."),
    ("sources.*.enabled", Fate.CONFIG, _EMS),
    ("sources.*", Fate.CONFIG, _EMS),
    ("status.*", Fate.LATER, "Values over MQTT or to Home Assistant are not there yet; the API has them."),
    ("vehicle.*", Fate.LATER, _CARS),
)


def is_secret(path: str) -> bool:
    """Whether an entry's value must neither be kept nor shown."""
    return _SECRET.search(path.rpartition(".")[2]) is not None


def fate_of(path: str, value: object) -> tuple[Fate, str]:
    """What becomes of an entry that nothing has been said of yet."""
    if value in ({}, []):
        return Fate.BUILT_IN, "Empty."
    for pattern, fate, text in _FATES:
        if fnmatchcase(path, pattern):
            return fate, text
    return Fate.UNKNOWN, "No such setting is known here."
