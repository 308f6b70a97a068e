"""A simulated region: citizens who write, agencies that work and sometimes break."""
