"""The hall a process works for: its keys, the systems around it, and how long it keeps what was said."""

from dataclasses import dataclass, replace
from datetime import timedelta

from hrss.database import Database
from hrss.opening_hours import ALWAYS, OpeningHours
from hrss.sealing import Sealer
from hrss.settings import Settings
from hrss.systems import demo
from hrss.systems.codes import RandomCodes
from hrss.systems.protocols import Systems


@dataclass(frozen=True)
class Hall:
    """Opened once a process, and handed to every function that meets a personal value or another system."""

    sealer: Sealer
    systems: Systems
    words_kept: timedelta = timedelta(0)  # nothing: until they are erased
    staff_hours: OpeningHours = ALWAYS

    @classmethod
    def open(cls, settings: Settings, database: Database) -> "Hall":
        sealer = Sealer(settings)
        systems = demo.systems(database, sealer)
        if settings.tencent_sms is not None:
            from hrss.systems.tencent import (
                TencentSmsGateway,
            )  # its SDK is large, and most have no use for it

            # Real phones get real codes: the scripted ones go no further than the demo inbox.
            systems = replace(systems, sms=TencentSmsGateway(settings.tencent_sms), codes=RandomCodes())
        return cls(sealer, systems, settings.words_kept, settings.staff_hours)
