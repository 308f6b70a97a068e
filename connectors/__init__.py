"""Everything that speaks to a foreign system: channels, agency systems, agencies."""
