"""All settings of a deployment, in one frozen object.

Precedence: command line, environment (`SIMPUL_`, `__` for nesting), `simpul.toml`,
defaults. Secrets come from files or the environment, never from flags.
"""

from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr
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
    broker_url: str = Field(default="memory://", pattern="^memory://$")
    """The memory transport is the only one there is yet."""
    agencies_dir: Path | None = None
    """This deployment's own agencies and `routing.toml`."""
    with_examples: bool = False
    """Load the fictional agencies that come with Simpul."""
    channels: dict[str, dict[str, Any]] = {"web": {}}
    """Channel name -> its table; a channel without a table is off."""
    server: Server = Server()
    work: Work = Work()
    edge: Edge = Edge()
    privacy: Privacy = Privacy()
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

    @property
    def effective_database_url(self) -> str:
        """The database's address, with the embedded default."""
        given = self.database_url.get_secret_value()
        return given or f"sqlite:///{(self.data_dir / 'simpul.db').absolute()}"

    @property
    def effective_keyring_file(self) -> Path:
        """Where the key ring lies."""
        return self.keyring_file or self.data_dir / "keyring.json"

    @property
    def effective_erased_file(self) -> Path:
        """Where the list of erased complaints lies."""
        return self.erased_file or self.data_dir / "erased.log"
