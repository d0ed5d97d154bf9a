"""Finds every state that a few threads can get into, by runs, and by what runs have told of their steps."""

from collections.abc import Callable
from random import Random
from time import perf_counter
from typing import Any

from threadlab.schedules.graph import UNSEEN, Graph, Node
from threadlab.schedules.primitives import name_of
from threadlab.schedules.program import Program, UnrepeatableError
from threadlab.schedules.run import Run
from threadlab.schedules.scheduler import Scheduler
from threadlab.schedules.states import Key, States

AUDITS = 20  # at most so many runs more, and no more than there were


class Search:
    """Finds all states: by runs along the way to a known one and on, or without a run if a step is known."""

    def __init__(self, program: Program, states: States, scheduler: Scheduler, merge: bool) -> None:
        self.program, self.states, self.scheduler, self.merge = program, states, scheduler, merge
        self.graph = Graph()
        self.numbers: dict[Any, int] = {}  # of states, by their keys
        # What steps do, and who can take one, by the numbers of all that these depend on.
        self.moves: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        self.able: dict[int | tuple[int, int], bool] = {}
        self.todo: list[tuple[int, int]] = []  # steps not yet taken: the number of a state, a thread
        self.runs = 0
        self.stopped = ""  # the bound that was met
        self.opaque = 0

    def explore(self, most: int, until: float, stop: Callable[[], bool] | None) -> None:
        """Run until every step from every state is known, or a bound is met; an interrupt is one, too."""
        self.most, self.until, self.stop = most, until, stop
        try:
            self.play([], [])
            while self.todo and not self.stopped and not self.in_vain:
                self.last = self.todo.pop()
                known = self.foreseen(*self.last)
                if known is None:
                    self.play_to(*self.last)
                else:
                    self.link(known)
            if not self.in_vain:
                self.confirm()
            if self.merge and not self.stopped and not self.in_vain:
                self.audit()
        except KeyboardInterrupt:
            if stop or self.in_vain or not self.graph.ends():
                raise
            self.stopped = "interrupted"

    @property
    def in_vain(self) -> bool:
        """Whether a reading of the clock became data, while the clock was no part of the states."""
        return self.scheduler.clock_is_data and not self.states.clock_counts

    def play_to(self, number: int, thread: int) -> Any:
        """Go to the state `number`, take a step of `thread`, go on to new states; return the outcome."""
        way = self.graph.path(number)
        return self.play(way, [*(self.graph.nodes[each].by for each in way), thread][1:])

    def play(self, way: list[int], steps: list[int]) -> Any:
        """Take known steps along the states of `way`, go on to new states; return the outcome."""
        self.runs += 1
        self.way, self.steps = way, steps
        self.place, self.last, self.end = 0, (-1, -1), -1
        run = self.program.play(self.scheduler, self.decide)
        if self.states.freeze.thread_locals:
            self.scheduler.renew_threads()
        if self.end < 0:
            return None
        outcome = self.program.outcome_of(self.scheduler, run)
        node = self.graph.nodes[self.end]
        if node.outcome is UNSEEN:
            node.outcome = outcome
        return outcome

    def decide(self, run: Run) -> int | None:
        """Return the thread of the next step: the recorded one, or a new one; None ends the run."""
        choices, place = run.choices(), self.place
        self.place += 1
        if place < len(self.way):
            self.check(run, choices, place)
        if place < len(self.steps):
            self.last = self.way[place], self.steps[place]
            return self.steps[place]
        # Without merging, the first run looks as well: at locks made outside, and for thread-locals.
        key = self.states.key(run) if self.merge or self.runs == 1 else None
        key = key if self.merge else None
        self.opaque += key is None
        number = self.numbers.get(key or ("only after", self.last))
        if new := number is None:
            if self.at_bound():
                return None
            waits = [wait is not None for wait in run.waiting]
            number = self.add(key, choices, waits, run.places[self.last[1]][0])
        self.link(number)
        self.learn(run, choices, key)
        if not choices:
            self.end = number
        if not new or not choices:
            return None
        chosen = self.last[1] if self.last[1] in choices else choices[0]
        self.todo += [(number, thread) for thread in choices if thread != chosen]
        self.last = number, chosen
        return chosen

    def add(self, key: Key | None, choices: tuple[int, ...], waits: list[bool], where: int) -> int:
        """Record the new state after the last step and return its number."""
        waiting = sum(1 << thread for thread, wait in enumerate(waits) if wait)
        number = self.numbers[key or ("only after", self.last)] = len(self.graph.nodes)
        self.graph.nodes.append(Node(choices, waiting, where, key, *self.last))
        return number

    def link(self, number: int) -> None:
        """Record that the last step led to the state `number`."""
        if self.last[0] >= 0:
            node = self.graph.nodes[self.last[0]]
            node.after[node.choices.index(self.last[1])] = number

    def learn(self, run: Run, choices: tuple[int, ...], key: Key | None) -> None:
        """Remember what the last step made of the shared data and of its own thread, and who can go on."""
        before, (thread, place) = self.graph.nodes[self.last[0]].key, (self.last[1], self.last[1] + 1)
        if not key or not before or not self.states.plain.issuperset((before[place], key[place])):
            return
        self.moves[before[0], thread, before[place]] = key[0], key[place], run.places[thread][0]
        for each, part in enumerate(key[1:]):
            if run.waiting[each]:
                self.able[key[0], part] = each in choices
            else:
                self.able[part] = run.alive[each]

    def foreseen(self, number: int, thread: int) -> int | None:
        """Return the state, new or not, to which a step leads that was seen while others stood elsewhere.

        A step depends on the shared data and on its own thread alone, and the other threads stay as they are.
        That is sure of threads that hold plain values only.
        """
        key, place = self.graph.nodes[number].key, thread + 1
        if not key or not self.states.plain.issuperset(key[1:]):
            return None
        move = self.moves.get((key[0], thread, key[place]))
        if move is None:
            return None
        shared, part, where = move
        after = (shared, *key[1:place], part, *key[place + 1 :])
        if (known := self.numbers.get(after)) is not None or self.at_bound():
            return known
        able = [self.able.get(part, self.able.get((shared, part))) for part in after[1:]]
        choices = tuple([each for each, can in enumerate(able) if can])
        if None in able or not choices:  # the outcome of an end is for a run to tell
            return None
        known = self.add(after, choices, [part not in self.able for part in after[1:]], where)
        self.todo += [(known, each) for each in choices]
        return known

    def check(self, run: Run, choices: tuple[int, ...], place: int) -> None:
        """Raise UnrepeatableError unless the run is where it was when this state was recorded."""
        node, thread = self.graph.nodes[self.way[place]], self.last[1]
        other_way = self.last != (node.parent, node.by)
        same = node.choices == choices and (node.where == run.places[thread][0] or other_way)
        closely = place == len(self.steps) - 1 or self.runs == 2 or not self.todo  # at the end, everywhere
        if same and node.key and closely:
            same = self.states.key(run) in (node.key, None)
        if not same:
            where = f"line {run.places[thread][0]} of thread {name_of(thread)}" if place else "its first step"
            raise _led_elsewhere(f"before {where}")

    def confirm(self) -> None:
        """Run one schedule of each outcome once more: an outcome must repeat itself, too."""
        ends = {self.graph.nodes[end].outcome: end for end in reversed(self.graph.ends())}
        for outcome, place in list(ends.items())[:20]:
            again = self.play_to(self.graph.nodes[place].parent, self.graph.nodes[place].by)
            if again != outcome:
                raise UnrepeatableError(
                    f"outcome must be the same for the same steps, but was {outcome!r}, then {again!r}: it "
                    "must not contain random numbers, real time or objects that compare by their identity"
                )

    def audit(self) -> None:
        """Run whole schedules, drawn at random: here shows what matters although no key holds it."""
        draw, until = Random(0), max(self.until, perf_counter() + 1)  # a slow search is looked at, too
        for _ in range(min(self.runs, AUDITS)):
            way, node = [0], self.graph.nodes[0]
            steps: list[int] = []
            while node.choices and len(steps) < 200:
                thread, after = draw.choice(list(node.edges()))
                way.append(after)
                steps.append(thread)
                node = self.graph.nodes[after]
            if perf_counter() < until and self.play(way, steps) != node.outcome and not node.choices:
                raise _led_elsewhere(f"than to {node.outcome!r}")

    def at_bound(self) -> bool:
        """Tell whether a bound is met, and remember which."""
        if len(self.graph.nodes) >= self.most:
            self.stopped = f"stopped at max_states={self.most:,}"
        elif perf_counter() > self.until:
            self.stopped = "stopped at time_limit"
        elif self.stop and self.stop():
            self.stopped = "stopped"
        return self.stopped != ""


def _led_elsewhere(where: str) -> UnrepeatableError:
    return UnrepeatableError(
        f"the program does not repeat itself: the same steps led elsewhere {where}. Likely causes: id(), the "
        "order of a set, random numbers, real time, data kept outside of `state`, such as in a file, an "
        "environment variable or a global variable (if `state` sets it anew, take merge_states=False)"
    )
