"""The graph of all states: how many schedules end where, which is the simplest, and what never ends."""

import functools
import heapq
import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any

Cost = int
_STEP, _SWITCH, _PREEMPTION = 1, 1 << 24, 1 << 48  # one number that sorts by preemptions, switches, steps


UNSEEN = object()  # the outcome of a state that is no end, or of whose end the run was interrupted


class Node:
    """One state: which threads can take the next step, and the state after each of these steps."""

    __slots__ = ("after", "by", "choices", "key", "outcome", "parent", "waiting", "where")

    def __init__(
        self, choices: tuple[int, ...], waiting: int, where: int, key: Any, parent: int, by: int
    ) -> None:
        self.choices = choices
        self.waiting = waiting  # one bit for each thread that waits
        self.where = where  # the line at which the thread that got here goes on, to notice a run that differs
        self.key = key  # equal for states that are one and the same; None if that cannot be told
        self.parent, self.by = parent, by  # the state before, when first found, and whose step led here
        self.after: list[int | None] = [None] * len(choices)
        self.outcome: Any = UNSEEN

    def edges(self) -> Iterator[tuple[int, int]]:
        """Yield each known step as (thread, number of the state after it)."""
        return (
            (thread, after)
            for thread, after in zip(self.choices, self.after, strict=True)
            if after is not None
        )


class Graph:
    """States by number; the first is the start."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def path(self, number: int) -> list[int]:
        """Return the numbers of the states from the start to `number`."""
        found = []
        while number >= 0:
            found.append(number)
            number = self.nodes[number].parent
        return found[::-1]

    def ends(self) -> list[int]:
        """Return the states with which a schedule ends."""
        return [number for number, node in enumerate(self.nodes) if node.outcome is not UNSEEN]

    # --- counting

    @functools.cached_property
    def parts(self) -> list[list[int]]:
        """The strongly connected parts of all states, each before those it leads to; found once."""
        return self.groups()

    def count(self) -> dict[Any, float]:
        """Return the number of schedules per outcome: the number of ways from the start to its states."""
        ways: list[float] = [1, *[0] * len(self.nodes)]
        found: dict[Any, float] = {}
        for group in self.parts:
            total = sum(ways[number] for number in group)
            if total and self._is_cycle(group):
                total = math.inf
            members = set(group)
            for number in group:
                node = self.nodes[number]
                if node.outcome is not UNSEEN and total:
                    found[node.outcome] = found.get(node.outcome, 0) + total
                for _, after in node.edges():
                    if after not in members:
                        ways[after] += total
        return found

    def lengths(self, thread: int) -> tuple[int, int]:
        """Return the fewest and the most steps that `thread` takes in a schedule; there must be no cycle."""
        least, most = {0: 0}, {0: 0}
        for (number,) in self.parts:
            for mover, after in self.nodes[number].edges():
                low, high = least[number] + (mover == thread), most[number] + (mover == thread)
                least[after], most[after] = min(least.get(after, low), low), max(most.get(after, 0), high)
        return min(least[end] for end in self.ends()), max(most[end] for end in self.ends())

    def groups(self, numbers: Iterable[int] | None = None, without: int = -1) -> list[list[int]]:
        """Return the strongly connected parts of `numbers`, by default of all, each before those it leads to.

        The steps of the thread `without` are left out. The algorithm is Tarjan's, without recursion.
        """
        wanted = set(range(len(self.nodes)) if numbers is None else numbers)
        order: dict[int, int] = {}
        low: dict[int, int] = {}
        stack: list[int] = []
        found: list[list[int]] = []
        done: set[int] = set()

        def enter(number: int) -> tuple[int, Iterator[int]]:
            order[number] = low[number] = len(order)
            stack.append(number)
            edges = self.nodes[number].edges()
            return number, (after for thread, after in edges if after in wanted and thread != without)

        for root in sorted(wanted):
            work = [] if root in order else [enter(root)]
            while work:
                number, following = work[-1]
                for after in following:
                    if after not in order:
                        work.append(enter(after))
                        break
                    if after not in done:
                        low[number] = min(low[number], order[after])
                else:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[number])
                    if low[number] == order[number]:
                        place = stack.index(number) if stack[-1] != number else len(stack) - 1
                        found.append(stack[place:])
                        done.update(stack[place:])
                        del stack[place:]
        return found[::-1]

    # --- schedules without end

    def cycles(self, numbers: Iterable[int] | None = None, without: int = -1) -> list[list[int]]:
        """Return the parts of `numbers` that hold a cycle, leaving out the steps of one thread."""
        groups = self.parts if numbers is None and without < 0 else self.groups(numbers, without)
        return [group for group in groups if self._is_cycle(group, without)]

    def _is_cycle(self, group: list[int], without: int = -1) -> bool:
        edges = self.nodes[group[0]].edges()
        return len(group) > 1 or any(after == group[0] and thread != without for thread, after in edges)

    def can_starve(self, count: int) -> bool:
        """Tell whether one of `count` threads can be passed over for ever although it could run."""
        return any(
            thread in self.nodes[number].choices
            for thread in range(count)
            for group in self.cycles(without=thread)
            for number in group
        )

    def fair_part(self) -> list[int]:
        """Return states among which a fair schedule can go on for ever, or none.

        Fair: every thread that can take a step again and again takes one again and again (strong fairness).
        States where a thread can only take steps that lead out are taken away until none is left, or until
        every thread that can run has a step that stays.
        """
        todo = self.cycles()
        while todo:
            group = todo.pop()
            members = set(group)
            able = {thread for number in group for thread in self.nodes[number].choices}
            moving = {
                thread for number in group for thread, after in self.nodes[number].edges() if after in members
            }
            if able == moving:
                return group
            passed = able - moving
            todo += self.cycles(number for number in group if passed.isdisjoint(self.nodes[number].choices))
        return []

    def fair_loop(self) -> tuple[bytes, bytes]:
        """Return the threads of a lead-in and of a fair loop after it, together as simple as can be."""
        part = self.fair_part()
        leads: dict[int, tuple[Cost, bytes]] = {}
        for cost, lead, end in self.schedules(part[:200]):
            leads.setdefault(end, (cost, lead))
        ends = sorted(part[:200], key=lambda end: len(leads[end][1]))[:20]
        found = [(*self._loop_at(*leads[end], end, set(part)), leads[end][1]) for end in ends]
        _, loop, lead = min(found, key=lambda each: (each[0], each[2], each[1]))
        return lead, loop

    def _loop_at(self, cost: Cost, lead: bytes, end: int, members: set[int]) -> tuple[Cost, bytes]:
        """Return the cost and the simplest way from `end` to itself on which all that can run take a step."""
        heap, met = [(cost, b"", end, 0, 0)], set()
        while heap:
            cost, way, number, moved, able = heapq.heappop(heap)
            if way and number == end and moved == able:
                return cost, way
            last = _last(way or lead)
            if (number, last, moved, able) not in met:
                met.add((number, last, moved, able))
                able |= sum(1 << thread for thread in self.nodes[number].choices)
                for thread, after in self.nodes[number].edges():
                    if after in members:
                        more = cost + self._cost(number, last, thread)
                        heapq.heappush(heap, (more, way + bytes([thread]), after, moved | 1 << thread, able))
        raise AssertionError("a fair part without a fair loop")

    # --- the simplest schedule

    def schedules(self, ends: Collection[int], every: bool = False) -> Iterator[tuple[Cost, bytes, int]]:
        """Yield schedules to the states `ends`, the simplest first: its cost, its threads, its end.

        Simplest: the fewest preemptions, switches, steps; of several, the first in the alphabet. Unless
        `every` one is wanted, only the simplest way to each state by each last thread is followed.
        """
        heap, met = [(0, b"", 0)], set()
        while heap:
            cost, way, number = heapq.heappop(heap)
            last = _last(way)
            if (number, last) in met:
                continue
            if not every:
                met.add((number, last))
            if number in ends:
                yield cost, way, number
            for thread, after in self.nodes[number].edges():
                more = cost + self._cost(number, last, thread)
                heapq.heappush(heap, (more, way + bytes([thread]), after))

    def _cost(self, number: int, last: int, thread: int) -> Cost:
        """Return the cost of a step; a preemption stops a thread that could go on and does not wait."""
        if last in (-1, thread):
            return _STEP
        node = self.nodes[number]
        preempts = last in node.choices and not node.waiting >> last & 1
        return _STEP + _SWITCH + (_PREEMPTION if preempts else 0)


def _last(way: bytes) -> int:
    return way[-1] if way else -1
