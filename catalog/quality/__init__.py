"""The health of a catalogue: what is doubled, what is missing."""
