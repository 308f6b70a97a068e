"""The whole region: agencies, a platform above, mail, an SMS gateway, citizens."""

import base64
import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Self

from hub.simulator.agency import SimulatedAgency
from hub.simulator.cases import utc_now
from hub.simulator.citizens import Citizens
from hub.simulator.faults import Timing
from hub.simulator.mail import MailSink
from hub.simulator.mailbox import SimulatedMailbox
from hub.simulator.open311_profile import TIRTA
from hub.simulator.post import HubAddresses
from hub.simulator.profiles import (
    DINKES,
    DISDUKCAPIL,
    PROFILES,
    PUPR,
    AgencyProfile,
)
from hub.simulator.sms import SmsGateway
from hub.simulator.sp4n import SimulatedSp4n
from hub.simulator.tally import Tally, take_tally
from hub.simulator.texts import SAMPLES, Sample
from hub.simulator.utility import SimulatedUtility

AnySystem = SimulatedAgency | SimulatedUtility | SimulatedSp4n | SimulatedMailbox


class SimulatedRegion:
    """Everything around the hub, as servers on the loopback address.

    Start it, give `environment()` to the hub, start the hub, then say `connect`.
    Two regions of one seed on one database are taken for repetitions of each other,
    since their letters have the same keys.
    """

    def __init__(
        self,
        seed: int,
        *,
        work_seconds: tuple[float, float] | None = (0.2, 1.0),
        profiles: Sequence[AgencyProfile] = PROFILES,
        samples: Sequence[Sample] = SAMPLES,
        deadline_seconds: float = 60,
        timing: Timing | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        secrets = random.Random(f"secrets:{seed}")
        self.agencies = {
            profile.name: SimulatedAgency(
                profile,
                seed=seed,
                hub_url=self._hub_url,
                token=secrets.randbytes(16).hex(),
                webhook_secret=_webhook_secret(secrets),
                work_seconds=work_seconds,
                timing=timing,
                now=now,
            )
            for profile in profiles
        }
        self.tirta = SimulatedUtility(
            TIRTA,
            seed=seed,
            api_key=random.Random(f"key:{seed}").randbytes(16).hex(),
            work_seconds=work_seconds,
            timing=timing,
            now=now,
        )
        """The water utility, which is asked for its updates."""
        self.sp4n = SimulatedSp4n(
            seed=seed, work_seconds=work_seconds, timing=timing, now=now
        )
        self.mail = MailSink()
        self.registrasi = SimulatedMailbox(
            self.mail,
            seed=seed,
            hub_smtp=self._hub_smtp,
            work_seconds=work_seconds,
            now=now,
        )
        """The ministry's unit, which has a mailbox and nothing else."""
        self.sms = SmsGateway(
            seed=seed,
            hub_url=self._hub_url,
            secret=secrets.randbytes(16).hex(),
            send_secret=secrets.randbytes(16).hex(),
            timing=timing,
        )
        self.citizens = Citizens(
            seed,
            gateway=self.sms,
            samples=samples,
            deadline_seconds=deadline_seconds,
        )
        self._open = ExitStack()

    @property
    def pupr(self) -> SimulatedAgency:
        """The agency with keys and look-up."""
        return self.agencies[PUPR.name]

    @property
    def disdukcapil(self) -> SimulatedAgency:
        """The agency with look-up alone."""
        return self.agencies[DISDUKCAPIL.name]

    @property
    def dinkes(self) -> SimulatedAgency:
        """The agency with neither keys nor look-up."""
        return self.agencies[DINKES.name]

    @property
    def systems(self) -> list[AnySystem]:
        """Every system that the hub speaks to: the agencies', and the platform."""
        return [*self.agencies.values(), self.tirta, self.sp4n, self.registrasi]

    @property
    def at_rest(self) -> bool:
        """Tell whether all are done and the hub was told what is pushed."""
        return self.sms.at_rest and all(one.at_rest for one in self.systems)

    def start(self) -> None:
        """Open every server; each keeps its port until the region is gone."""
        with ExitStack() as opened:
            for agency in self.systems:
                opened.enter_context(agency)
            opened.enter_context(self.mail)
            opened.enter_context(self.sms)
            self._open = opened.pop_all()

    def stop(self) -> None:
        """Close every server."""
        self._open.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def connect(self, hub_http: str, smtp: str) -> None:
        """Tell everyone where the hub listens: a URL, and `host:port` for mail."""
        host, _, port = smtp.rpartition(":")
        self.citizens.hub = HubAddresses(hub_http.rstrip("/"), host, int(port))

    def environment(self) -> dict[str, str]:
        """Return the variables by which the hub's manifests find the region."""
        variables = {
            "SIMPUL_SMS_SEND_URL": self.sms.send_url,
            "SIMPUL_SMS_SEND_SECRET": self.sms.send_secret,
            "SIMPUL_SMS_SECRET": self.sms.secret,
            "SIMPUL_MAIL_RELAY": self.mail.address,
        }
        for system in self.systems:
            variables |= system.environment()
        return variables

    def tally(self) -> Tally:
        """Count from outside what reached agencies and citizens."""
        agencies: list[SimulatedAgency | SimulatedUtility | SimulatedMailbox]
        agencies = [*self.agencies.values(), self.tirta, self.registrasi]
        return take_tally(agencies, self.mail, self.sms)

    def _hub_smtp(self) -> str:
        hub = self.citizens.hub
        return f"{hub.smtp_host}:{hub.smtp_port}" if hub else ""

    def _hub_url(self) -> str:
        return self.citizens.hub.http if self.citizens.hub else ""


def _webhook_secret(secrets: random.Random) -> str:
    return "whsec_" + base64.b64encode(secrets.randbytes(24)).decode()
