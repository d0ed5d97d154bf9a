"""The graph of all states: how many schedules end where, which is the simplest, and what never ends."""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Cost = int
_STEP, _SWITCH, _PREEMPTION = 1, 1 << 24, 1 << 48  # one number that sorts by preemptions, switches, steps


class Node:
    """One state: which threads can take the next step, and the state after each of these steps."""

    __slots__ = ("after", "by", "choices", "outcome", "parent", "waiting", "where")

    def __init__(self, choices: tuple[int, ...], waiting: int, where: int, parent: int, by: int) -> None:
        self.choices = choices
        self.waiting = waiting  # one bit for each thread that waits
        self.where = where  # the line at which the thread that got here goes on, to notice a run that differs
        self.parent, self.by = parent, by  # the state before, when first found, and whose step led here
        self.after: list[int | None] = [None] * len(choices)
        self.outcome: Any = None

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
        found = [number]
        while self.nodes[found[-1]].parent >= 0:
            found.append(self.nodes[found[-1]].parent)
        return found[::-1]

    # --- counting

    def count(self) -> dict[Any, float]:
        """Return the number of schedules per outcome: the number of ways from the start to its states."""
        ways: list[float] = [0] * len(self.nodes)
        ways[:1] = [1] if ways else []
        found: dict[Any, float] = {}
        for group in self.groups(range(len(self.nodes)), lambda node, thread: True):
            total = sum(ways[number] for number in group)
            if total and self._is_cycle(group):
                total = math.inf
            for number in group:
                ways[number] = total
                node = self.nodes[number]
                if not node.choices and total:
                    found[node.outcome] = found.get(node.outcome, 0) + total
            members = set(group)
            for number in group:
                for _, after in self.nodes[number].edges():
                    if after not in members:
                        ways[after] += total
        return found

    def schedules(self) -> Iterator[tuple[Cost, list[int], Any]]:
        """Yield every schedule, in alphabetical order, with its cost before and its outcome after it."""
        todo: list[tuple[int, Cost, list[int]]] = [(0, 0, [])]
        while todo:
            number, cost, way = todo.pop()
            if not self.nodes[number].choices:
                yield cost, way, self.nodes[number].outcome
            last = way[-1] if way else -1
            for thread, after in sorted(self.nodes[number].edges(), reverse=True):
                todo.append((after, cost + self.cost(number, last, thread), [*way, thread]))

    def lengths(self, thread: int) -> tuple[int, int]:
        """Return the fewest and the most steps that `thread` takes in a schedule; there must be no cycle."""
        found, ends = {0: (0, 0)}, []
        for (number,) in self.groups(range(len(self.nodes)), lambda node, thread: True):
            low, high = found[number]
            ends += [] if self.nodes[number].choices else [(low, high)]
            for mover, after in self.nodes[number].edges():
                least, most = found.get(after, (math.inf, 0))
                found[after] = min(least, low + (mover == thread)), max(most, high + (mover == thread))  # type: ignore[assignment]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def _is_cycle(self, group: list[int]) -> bool:
        return len(group) > 1 or any(after == group[0] for _, after in self.nodes[group[0]].edges())

    def groups(self, numbers: Iterable[int], goes: Callable[[Node, int], bool]) -> list[list[int]]:
        """Return the strongly connected parts of `numbers`, each before those it leads to.

        `goes(node, thread)` tells whether the step of `thread` from `node` belongs to the graph.
        The algorithm is Tarjan's, without recursion.
        """
        wanted, order, low, stack, found = set(numbers), {}, {}, [], []  # type: ignore[var-annotated]
        on_stack: set[int] = set()
        for root in sorted(wanted):
            if root in order:
                continue
            work = [(root, iter(self._followers(root, wanted, goes)))]
            order[root] = low[root] = len(order)
            stack.append(root)
            on_stack.add(root)
            while work:
                number, following = work[-1]
                for after in following:
                    if after not in order:
                        order[after] = low[after] = len(order)
                        stack.append(after)
                        on_stack.add(after)
                        work.append((after, iter(self._followers(after, wanted, goes))))
                        break
                    if after in on_stack:
                        low[number] = min(low[number], order[after])
                else:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[number])
                    if low[number] == order[number]:
                        place = stack.index(number) if stack[-1] != number else len(stack) - 1
                        found.append(stack[place:])
                        on_stack.difference_update(stack[place:])
                        del stack[place:]
        return found[::-1]

    def _followers(self, number: int, wanted: set[int], goes: Callable[[Node, int], bool]) -> list[int]:
        node = self.nodes[number]
        return [after for thread, after in node.edges() if after in wanted and goes(node, thread)]

    # --- schedules without end

    def fair_part(self) -> list[int]:
        """Return states among which a fair schedule can go on for ever, or none.

        Fair: every thread that can take a step again and again takes one again and again (strong fairness).
        States where a thread can only take steps that lead out are taken away until none is left, or until
        every thread that can run has a step that stays.
        """
        todo = self.cycles(range(len(self.nodes)))
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

    def cycles(self, numbers: Iterable[int], without: int = -1) -> list[list[int]]:
        """Return the parts of `numbers` that hold a cycle, leaving out the steps of one thread."""
        found = self.groups(numbers, lambda node, thread: thread != without)
        return [group for group in found if len(group) > 1 or self._loops(group[0], without)]

    def _loops(self, number: int, without: int) -> bool:
        return any(after == number and thread != without for thread, after in self.nodes[number].edges())

    def can_starve(self, count: int) -> bool:
        """Tell whether one of `count` threads can be passed over for ever although it could run."""
        return any(
            thread in self.nodes[number].choices
            for thread in range(count)
            for group in self.cycles(range(len(self.nodes)), without=thread)
            for number in group
        )

    def fair_loop(self) -> tuple[list[int], list[int]]:
        """Return the threads of a lead-in and of a fair loop after it, together as simple as can be."""
        part = self.fair_part()
        ends = [(self.simplest({end}), end) for end in part[:200]]
        leads = sorted(ends, key=lambda each: len(each[0]))
        found = [(lead, *self._loop_at(end, lead, set(part))) for lead, end in leads[:20]]
        lead, _, loop = min(found, key=lambda each: (each[1], each[0], each[2]), default=([], 0, []))
        return lead, loop

    def _loop_at(self, end: int, lead: list[int], members: set[int]) -> tuple[Cost, list[int]]:
        """Return the cost and the simplest way from `end` to itself on which all that can run take a step."""
        start = 0
        number, last = 0, -1
        for thread in lead:
            start += self.cost(number, last, thread)
            number, last = dict(self.nodes[number].edges())[thread], thread
        heap: list[tuple[Cost, list[int], int, int, int]] = [(start, [], end, 0, 0)]
        met = set()
        while heap:
            cost, way, number, moved, able = heapq.heappop(heap)
            if way and number == end and moved == able:
                return cost, way
            before = way[-1] if way else last
            if (number, before, moved, able) not in met:
                met.add((number, before, moved, able))
                able |= sum(1 << thread for thread in self.nodes[number].choices)
                for thread, after in self.nodes[number].edges():
                    if after in members:
                        more = cost + self.cost(number, before, thread)
                        heapq.heappush(heap, (more, [*way, thread], after, moved | 1 << thread, able))
        raise AssertionError("a fair part without a fair loop")

    # --- the simplest schedule

    def simplest(self, ends: set[int]) -> list[int]:
        """Return the threads of the schedule to one of `ends` with the fewest preemptions, switches, steps.

        Of several the first in the alphabet. A place is a state together with the thread of the step before;
        costs are found backwards from the ends, then the way is walked forwards.
        """
        places, before = {(0, -1)}, {}  # type: ignore[var-annotated]
        todo = [(0, -1)]
        while todo:
            number, last = todo.pop()
            for thread, after in self.nodes[number].edges():
                before.setdefault((after, thread), []).append((number, last))
                if (after, thread) not in places:
                    places.add((after, thread))
                    todo.append((after, thread))
        costs = {place: 0 for place in places if place[0] in ends}
        heap = [(0, place) for place in sorted(costs)]
        while heap:
            cost, place = heapq.heappop(heap)
            if cost > costs[place]:
                continue
            for number, last in before.get(place, ()):
                more = cost + self.cost(number, last, place[1])
                if more < costs.get((number, last), math.inf):
                    costs[number, last] = more
                    heapq.heappush(heap, (more, (number, last)))
        return list(self._walk(costs))

    def _walk(self, costs: dict[tuple[int, int], Cost]) -> Iterator[int]:
        number, last = 0, -1
        while costs[number, last]:
            for thread, after in sorted(self.nodes[number].edges()):
                if (
                    costs.get((after, thread), math.inf) + self.cost(number, last, thread)
                    == costs[number, last]
                ):
                    yield thread
                    number, last = after, thread
                    break

    def cost(self, number: int, last: int, thread: int) -> Cost:
        """Return the cost of a step; a preemption stops a thread that could go on and does not wait."""
        if last in (-1, thread):
            return _STEP
        node = self.nodes[number]
        preempts = last in node.choices and not node.waiting >> last & 1
        return _STEP + _SWITCH + (_PREEMPTION if preempts else 0)
