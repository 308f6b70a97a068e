"""The lanes of a deployment, for commands that look at the broker."""

import os

from hub.bootstrap.configuration import load_configuration, ways_of
from hub.bootstrap.roles import every_lane
from hub.settings import Settings


def lanes_of(settings: Settings) -> list[str]:
    """Name every lane that the files of this deployment ask for.

    Raises registry.ConfigError.
    """
    config = load_configuration(settings, os.environ)
    return list(every_lane(config.channels, config.agencies, ways_of(config)))
