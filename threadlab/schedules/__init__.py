"""Every order of the steps of a few threads: found, counted, named, replayed."""

from threadlab.schedules.exploring import explore
from threadlab.schedules.replaying import replay
from threadlab.schedules.results import DEADLOCK, LIVELOCK, Crash, Exploration, Replay

__all__ = ["DEADLOCK", "LIVELOCK", "Crash", "Exploration", "Replay", "explore", "replay"]
