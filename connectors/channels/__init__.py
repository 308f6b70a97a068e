"""Citizens' channels: one folder per channel, each knows nothing of the others."""
