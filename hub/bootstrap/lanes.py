"""The lanes of a deployment, for commands that look at the broker."""

import os

from hub.bootstrap.configuration import load_configuration, ways_of
from hub.bootstrap.roles import every_lane
from hub.database.versions import versions_at
from hub.settings import Settings


def lanes_of(settings: Settings) -> list[str]:
    """Name every lane of this deployment, also of agencies that have a mistake.

    Raises registry.ConfigError.
    """
    versions = versions_at(settings.effective_database_url)
    config = load_configuration(settings, os.environ, versions)
    parties = [*ways_of(config), *config.roster.failures]
    return list(every_lane(config.channels, config.manifests, parties))
