"""The hall a process works for: its keys, and the systems around it."""

from dataclasses import dataclass, replace

from hrss.database import Database
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
        return cls(sealer, systems)
