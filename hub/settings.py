"""All settings of a deployment, in one frozen object.

Precedence: command line, environment (`SIMPUL_`, `__` for nesting), `simpul.toml`,
defaults. Secrets come from files or the environment, never from flags.
"""

from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Section(BaseModel):
    """One table of the settings."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True
    )


class Server(Section):
    """The HTTP door."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    """0 takes any free port."""
    public_url: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")
    """Where agencies and citizens reach this door, such as `https://simpul.example`:
    links to attachments begin with it. Without it no link is made."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where each process shows /metrics and /healthz; without it only `web` does."""


class Broker(Section):
    """How long the broker is waited for; not used by the memory transport."""

    connect_seconds: float = Field(default=5, gt=0)
    """Connecting, and every answer of the broker."""
    heartbeat_seconds: float = Field(default=10, ge=1)
    """A dead broker is noticed after two of them."""
    confirm_seconds: float = Field(default=30, gt=0)
    """A hint without a confirm for so long costs the channel."""
    watchdog_seconds: float = Field(default=60, gt=0)
    """Hints wait and none comes for so long: the consumer connects anew."""


class Work(Section):
    """How work is done in one process."""

    batch_max: int = Field(default=200, ge=1, le=500)
    """Journal rows in one intake batch."""
    pool_threads: int = Field(default=16, ge=1, le=256)
    """Deliveries at the same time in this process."""
    sweep_seconds: float = Field(default=1.0, gt=0)
    """How often due work is looked for without a hint."""
    rehint_seconds: float = Field(default=60, gt=0)
    """A hinted row is hinted again after this time at the earliest."""
    item_seconds_max: float = Field(default=20, gt=0)
    """Time that normalising one message may take."""
    item_memory_mb_max: int = Field(default=2048, ge=512)
    """Address space of the child process that normalises costly messages."""
    lease_slack_seconds: float = Field(default=5, ge=0)
    orphan_waits_seconds: tuple[float, ...] = (60, 300, 3600)
    """Waits of an update for an unknown reference, before it shows as an orphan."""
    hints: bool = True
    """False turns hints off: the sweep alone moves the work (a test's switch)."""
    sweep: bool = True
    """False turns the sweep off: hints alone move the work (a test's switch)."""


class Edge(Section):
    """The copies of accepted raw messages that this process keeps."""

    keep_hours: float = Field(default=72, gt=0)
    fsync: bool = True
    """False only for tests: a power cut may then lose spooled messages."""


class Privacy(Section):
    """Erasure."""

    erase_after_hours: float = Field(default=72, ge=0)
    """Keys are destroyed at the latest this long after the request."""


class Files(Section):
    """Attachments that agencies fetch by a link."""

    link_days: int = Field(default=14, ge=2, le=90)
    """How long a link lives; what is sent late lives half of it at least."""


_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"


class MailNotices(Section):
    """How patient mail to citizens is; what is urgent never waits."""

    burst_seconds: float = Field(default=60, ge=0, le=3600)
    """Events within this time become one message."""
    quiet_hours: str = Field(default="", pattern=rf"^({_CLOCK}-{_CLOCK})?$")
    """A span such as `21:00-07:00`, by the clock of the complaint's region."""


class SmsNotices(MailNotices):
    """How patient SMS to citizens is: a telephone rings at night."""

    burst_seconds: float = Field(default=120, ge=0, le=3600)
    quiet_hours: str = Field(default="21:00-07:00", pattern=rf"^({_CLOCK}-{_CLOCK})?$")


class MailCaps(Section):
    """Within 24 hours, for one address: the last line against machines in a circle."""

    answers_per_conversation: int = Field(default=3, ge=1)
    """Answers by mail in one conversation; notices of a complaint are not counted."""
    answers_per_day: int = Field(default=20, ge=1)
    """Answers by mail in all."""
    complaints_per_day: int = Field(default=50, ge=1)
    """Complaints by mail that are registered; more wait in quarantine."""


class Notices(Section):
    """When citizens are told. In which words: `notices.toml` in `agencies_dir`."""

    email: MailNotices = MailNotices()
    sms: SmsNotices = SmsNotices()
    caps: MailCaps = MailCaps()
    late_hand_over_hours: float = Field(default=24, gt=0)
    """An agency's system that cannot be reached for so long: the reporter hears it."""


class Settings(BaseSettings):
    """Every setting; frozen once read."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="SIMPUL_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        toml_file="simpul.toml",
        use_attribute_docstrings=True,
    )

    data_dir: Path = Path("var")
    """Database, key ring, spool of the embedded mode."""
    database_url: SecretStr = SecretStr("")
    """`postgresql+psycopg://…`; default is SQLite in `data_dir`."""
    keyring_file: Path | None = None
    """Default is `keyring.json` in `data_dir`, made on first start."""
    erased_file: Path | None = None
    """The list of erased complaints that outlives backups; keep it elsewhere."""
    database_url_file: Path | None = None
    """A file that holds the address instead."""
    broker_url: SecretStr = SecretStr("memory://")
    """`amqp://…` or `amqps://…`; the default wakes threads of one process only."""
    broker_url_file: Path | None = None
    """A file that holds the address instead."""
    broker_management_url: SecretStr = SecretStr("")
    """`http://user:password@host:15672`: policies are checked where it is given."""
    broker_management_url_file: Path | None = None
    """A file that holds the address instead."""
    agencies_dir: Path | None = None
    """This deployment's own agencies, `routing.toml`, `categories.toml` and
    `notices.toml`."""
    with_examples: bool = False
    """Load the fictional agencies that come with Simpul."""
    channels: dict[str, dict[str, Any]] = {"web": {}}
    """Channel name -> its table; a channel without a table is off."""
    server: Server = Server()
    broker: Broker = Broker()
    work: Work = Work()
    edge: Edge = Edge()
    privacy: Privacy = Privacy()
    notices: Notices = Notices()
    files: Files = Files()
    log_format: str = Field(default="auto", pattern="^(auto|json|console)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the sources in their order of precedence."""
        del dotenv_settings, file_secret_settings
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    @model_validator(mode="after")
    def _check_addresses(self) -> "Settings":
        broker = urlsplit(self.effective_broker_url)
        if broker.scheme not in {"memory", "amqp", "amqps"}:
            msg = "broker_url must begin with memory://, amqp:// or amqps://"
            raise ValueError(msg)
        _ = broker.port  # raises ValueError when it is no number
        return self

    @property
    def effective_broker_url(self) -> str:
        """The broker's address."""
        return _secret(self.broker_url, self.broker_url_file)

    @property
    def effective_management_url(self) -> str:
        """The address of RabbitMQ's management API; empty when there is none."""
        return _secret(self.broker_management_url, self.broker_management_url_file)

    @property
    def is_embedded(self) -> bool:
        """True for SQLite in `data_dir`, which is made on first start."""
        return not _secret(self.database_url, self.database_url_file)

    @property
    def on_rabbitmq(self) -> bool:
        """True when work moves between processes."""
        return not self.effective_broker_url.startswith("memory://")

    @property
    def effective_database_url(self) -> str:
        """The database's address, with the embedded default."""
        given = _secret(self.database_url, self.database_url_file)
        return given or f"sqlite:///{(self.data_dir / 'simpul.db').absolute()}"

    @property
    def effective_keyring_file(self) -> Path:
        """Where the key ring lies."""
        return self.keyring_file or self.data_dir / "keyring.json"

    @property
    def effective_erased_file(self) -> Path:
        """Where the list of erased complaints lies."""
        return self.erased_file or self.data_dir / "erased.log"


def _secret(given: SecretStr, file: Path | None) -> str:
    """Read a secret address out of its file, or take the given one.

    Raises ValueError with the name of a file that cannot be read.
    """
    if file is None:
        return given.get_secret_value()
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise ValueError(msg) from error
