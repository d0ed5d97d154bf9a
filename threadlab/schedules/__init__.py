"""Every order of the steps of a few threads: found, counted, named, replayed.

To be read in this order: `scheduler` runs real threads one step at a time, on the locks of `primitives` and
what else stands in for real things in their `world`; a `run` is where each of them stands, and `ending`
ends one that does not end by itself. `tracing` calls back where a step begins, and `tasks` where a
coroutine awaits. `searching` runs a `program` again and again, each time along a known way and on into what
is new, until there is nothing new. It knows a state again by its key, which `states` makes of all that what
follows can depend on, `freezing` each value; `learner` says which code and data that is, `outline` and
`stack` what a half-finished line keeps out of sight, `points` where a step inside a line begins. `graph`
then counts the ways through the states and finds the simplest; `exploring` puts it all together.
`replaying` walks along one way and tells every step; `results` holds what comes of it all.
"""

from threadlab.schedules.exploring import explore
from threadlab.schedules.replaying import replay
from threadlab.schedules.results import DEADLOCK, LIVELOCK, Crash, Exploration, Replay

__all__ = ["DEADLOCK", "LIVELOCK", "Crash", "Exploration", "Replay", "explore", "replay"]
