"""A slow, obviously right way to count schedules: programs as lists of lines, and a model that runs them.

It shares no code with threadlab. `Model` says in plain Python what one step of each line does; `count` tries
every order one after the other, without merging anything. `as_python` writes the same program as ordinary
threading code, for `explore`.

A line is a tuple: its name, then arguments. Lines that open a block ("with", "loop") hold the block's lines.
"""

import copy
import linecache
import queue
import threading
import time
from collections import Counter

SETUP = """
class Shop:
    def __init__(self):
        self.x = 0
        self.log = []
        self.lock = threading.Lock()
        self.other = threading.Lock()
        self.rlock = threading.RLock()
        self.cond = threading.Condition()
        self.sem = threading.Semaphore(1)
        self.empty = threading.Semaphore(0)
        self.event = threading.Event()
        self.barrier = threading.Barrier(2)
        self.queue = queue.Queue(1)
        self.simple = queue.SimpleQueue()
"""
TEXT = {
    "read": "t = s.x",
    "write": "s.x = t + 1",
    "add": "s.x += 1",
    "say": "s.log.append({0!r})",
    "sleep": "time.sleep(1)",
    "raise": "raise KeyError",
    "acquire": "s.{0}.acquire()",
    "release": "s.{0}.release()",
    "try": "s.log.append(s.{0}.acquire(False))",
    "timed": "s.log.append(s.{0}.acquire(timeout=1))",
    "set": "s.event.set()",
    "clear": "s.event.clear()",
    "await": "s.event.wait()",
    "await timed": "s.log.append(s.event.wait(1))",
    "wait": "s.cond.wait()",
    "wait timed": "s.log.append(s.cond.wait(1))",
    "notify": "s.cond.notify()",
    "notify all": "s.cond.notify_all()",
    "meet": "s.barrier.wait()",
    "put": "s.queue.put({0!r})",
    "get": "s.log.append(s.queue.get())",
    "get timed": "s.log.append(s.queue.get(timeout=1))",
    "simple put": "s.simple.put({0!r})",
    "simple get": "s.log.append(s.simple.get())",
}


def as_python(program):
    """Return (functions, Shop) of ordinary threading code that does what `program` says."""
    source = SETUP
    for place, lines in enumerate(program):
        source += f"\n\ndef run_{place}(s, t=0):\n" + _body(lines, 1)
    name = f"<program {abs(hash(source))}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space = {"threading": threading, "queue": queue, "time": time, "__name__": "program"}
    exec(compile(source, name, "exec"), space)
    return [space[f"run_{place}"] for place in range(len(program))], space["Shop"]


def _body(lines, depth):
    text = ""
    for name, *arguments in lines:
        if name == "with":
            text += "    " * depth + f"with s.{arguments[0]}:\n" + _body(arguments[1], depth + 1)
        elif name == "loop":
            text += "    " * depth + f"for _ in range({arguments[0]}):\n" + _body(arguments[1], depth + 1)
        else:
            text += "    " * depth + TEXT[name].format(*arguments) + "\n"
    return text


def flat(lines):
    """Return `lines` without blocks: a `with` is "acquire" and "leave", a loop is "head" and jumps."""
    found = []
    for name, *arguments in lines:
        if name == "with":
            found += [
                ("enter", arguments[0]),
                *_moved(flat(arguments[1]), len(found) + 1),
                ("leave", arguments[0]),
            ]
        elif name == "loop":
            body = flat(arguments[1])
            head = len(found)
            found += [("head", arguments[0], head + len(body) + 2), *_moved(body, head + 1), ("again", head)]
        else:
            found.append((name, *arguments))
    return found


def _moved(lines, by):
    return [
        (name, a[0], a[1] + by) if name == "head" else (name, a[0] + by) if name == "again" else (name, *a)
        for name, *a in lines
    ]


class Model:
    """One state of a program: the shared things, and where each thread is."""

    def __init__(self, program):
        self.code = [flat(lines) for lines in program]
        self.at = [0] * len(program)
        self.t = [0] * len(program)
        self.turns = [{} for _ in program]
        self.inside = [[] for _ in program]  # the `with` blocks that are open
        self.waits = [None] * len(program)  # (what, whether timed)
        self.woken = [False] * len(program)
        self.dying = [None] * len(program)
        self.dead = [False] * len(program)
        self.crash = None
        self.x, self.log = 0, []
        self.owner = {"lock": None, "other": None, "rlock": None, "cond": None}
        self.depth = {"rlock": 0, "cond": 0}
        self.value = {"sem": 1, "empty": 0, "simple": 0}
        self.flag = False
        self.arrived, self.draining = 0, False
        self.items, self.simple = [], []
        self.saved = {}  # how often who had taken the condition's lock before waiting
        self.line = {}  # who waits for what, in order of waiting

    # --- choices

    def choices(self):
        return [me for me in range(len(self.code)) if not self.done(me) and self.can_go_on(me)]

    def done(self, me):
        return self.dead[me] or self.at[me] == len(self.code[me])

    def can_go_on(self, me):
        if self.waits[me] is None:
            return True
        what, timed = self.waits[me]
        if what in ("lock", "other", "rlock", "cond"):
            return timed or self.owner[what] is None
        if what == "notify":
            return (timed or self.woken[me]) and self.owner["cond"] is None
        return timed or self.woken[me]

    def outcome(self):
        if not all(self.done(me) for me in range(len(self.code))):
            return "DEADLOCK"
        return self.crash or (self.x, *self.log)

    # --- one step

    def step(self, me):
        """Run thread `me` to its next line, its end, or to where it must wait."""
        name, *arguments = self.code[me][self.at[me]]
        if self.dying[me]:  # an exception is on its way out of the innermost `with`
            if self.leave(me, self.inside[me].pop()):
                self.die(me, self.dying[me])
            return
        if name == "again":
            raise AssertionError("never rests on a jump")
        if getattr(self, "do_" + name.replace(" ", "_"))(me, *arguments) is not False and not self.dead[me]:
            if not self.dying[me]:
                self.at[me] += 1
            self.skip_jumps(me)

    def skip_jumps(self, me):
        while not self.done(me) and self.code[me][self.at[me]][0] == "again" and not self.dying[me]:
            self.at[me] = self.code[me][self.at[me]][1]

    def die(self, me, error):
        if self.inside[me]:
            self.dying[me] = error
        else:
            self.dead[me] = True
            self.crash = self.crash or ("crash", me, error)
        return

    def wait(self, me, what, timed=False):
        self.waits[me] = what, timed
        self.woken[me] = False
        self.line.setdefault(what, []).append(me)
        return False

    def stop_waiting(self, me):
        """End the wait of `me`; return whether it had been woken."""
        if self.waits[me] is None:
            return None
        what, _ = self.waits[me]
        self.waits[me] = None
        if me in self.line.get(what, []):
            self.line[what].remove(me)
        return self.woken[me]

    def wake(self, what, count=1):
        for _ in range(min(count, len(self.line.get(what, [])))):
            self.woken[self.line[what].pop(0)] = True

    # --- lines

    def do_read(self, me):
        self.t[me] = self.x

    def do_write(self, me):
        self.x = self.t[me] + 1

    def do_add(self, me):
        self.x += 1

    def do_say(self, me, word):
        self.log.append(word)

    def do_sleep(self, me):
        pass

    def do_raise(self, me):
        return self.die(me, "KeyError")

    def do_head(self, me, times, end):
        turn = self.turns[me].get(self.at[me], 0)
        if turn == times:
            self.turns[me][self.at[me]] = 0
            self.at[me] = end - 1
        else:
            self.turns[me][self.at[me]] = turn + 1

    def do_acquire(self, me, what, timed=False, note=False):
        """Take a lock or a token; `note` says whether the result goes to the log."""
        was_woken = self.stop_waiting(me)
        again = what in self.depth and self.owner.get(what) == me
        free = again or (self.value[what] > 0 if what in self.value else self.owner[what] is None)
        if free:
            if what in self.value:
                self.value[what] -= 1
            else:
                self.owner[what] = me
                if what in self.depth:
                    self.depth[what] += 1
        elif was_woken is None or (was_woken and what in self.value):
            return self.wait(me, what, timed)  # the first time, or its token is gone
        if note:
            self.log.append(free)
        return None

    def do_enter(self, me, what):
        if self.do_acquire(me, what) is False:
            return False
        self.inside[me].append(what)
        return None

    def do_timed(self, me, what):
        return self.do_acquire(me, what, timed=True, note=True)

    def do_try(self, me, what):
        again = what in self.depth and self.owner.get(what) == me
        free = again or (self.value[what] > 0 if what in self.value else self.owner[what] is None)
        if free:
            self.do_acquire(me, what)
        self.log.append(free)

    def do_release(self, me, what):
        if what in self.value:
            self.value[what] += 1
            return self.wake(what)
        if self.owner[what] is None or (what in self.depth and self.owner[what] != me):
            return self.die(me, "RuntimeError")
        if what in self.depth:
            self.depth[what] -= 1
        if not self.depth.get(what):
            self.owner[what] = None
        return None

    def do_leave(self, me, what):
        self.inside[me].pop()
        self.leave(me, what)

    def leave(self, me, what):
        """Leave a `with` block; return whether an exception that came there goes on."""
        before = self.dying[me]
        self.dying[me] = None
        self.do_release(me, what)
        if self.dead[me] or self.dying[me]:
            return False
        self.dying[me] = before
        return True

    def do_set(self, me):
        self.flag = True
        self.wake("event", 99)

    def do_clear(self, me):
        self.flag = False

    def do_await(self, me, timed=False):
        woken = self.stop_waiting(me)
        if woken is None and not self.flag:
            return self.wait(me, "event", timed)
        if timed:
            self.log.append(woken is not False)
        return None

    def do_await_timed(self, me):
        return self.do_await(me, timed=True)

    def do_wait(self, me, timed=False):
        woken = self.stop_waiting(me)
        if woken is None:
            if self.owner["cond"] != me:
                return self.die(me, "RuntimeError")
            self.saved[me] = self.depth["cond"]
            self.owner["cond"], self.depth["cond"] = None, 0
            return self.wait(me, "notify", timed)
        self.owner["cond"], self.depth["cond"] = me, self.saved[me]
        if timed:
            self.log.append(woken)
        return None

    def do_wait_timed(self, me):
        return self.do_wait(me, timed=True)

    def do_notify(self, me, count=1):
        if self.owner["cond"] != me:
            return self.die(me, "RuntimeError")
        return self.wake("notify", count)

    def do_notify_all(self, me):
        return self.do_notify(me, 99)

    def do_meet(self, me):
        """Meet one other thread: the second opens the barrier; both must leave before a third may arrive."""
        waited_for = self.waits[me] and self.waits[me][0]
        self.stop_waiting(me)
        if waited_for != "met":
            if self.draining:
                return self.wait(me, "drained")
            self.arrived += 1
            if self.arrived < 2:
                return self.wait(me, "met")
            self.draining = True
            self.wake("met", 99)
        self.arrived -= 1
        if self.arrived == 0:
            self.draining = False
            self.wake("drained", 99)
        return None

    def do_put(self, me, item):
        woken = self.stop_waiting(me)
        if len(self.items) == 1:
            return self.wait(me, "room") if woken is None or woken else self.die(me, "Full")
        self.items.append(item)
        return self.wake("item")

    def do_get(self, me, timed=False):
        woken = self.stop_waiting(me)
        if not self.items:
            return self.wait(me, "item", timed) if woken is None or woken else self.die(me, "Empty")
        self.log.append(self.items.pop(0))
        return self.wake("room")

    def do_get_timed(self, me):
        return self.do_get(me, timed=True)

    def do_simple_put(self, me, item):
        self.simple.append(item)
        self.value["simple"] += 1
        self.wake("simple")

    def do_simple_get(self, me):
        if self.do_acquire(me, "simple") is False:
            return False
        self.log.append(self.simple.pop(0))
        return None


def count(program, most=3000):
    """Return the number of schedules per outcome, or None if there are more than `most`."""
    found = Counter()
    todo = [Model(program)]
    while todo:
        model = todo.pop()
        choices = model.choices()
        if not choices:
            found[model.outcome()] += 1
            if found.total() > most:
                return None
        for me in choices:
            after = copy.deepcopy(model)
            after.step(me)
            todo.append(after)
    return found
