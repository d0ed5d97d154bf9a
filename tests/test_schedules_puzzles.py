"""Classic puzzles, written as textbooks write them: the engine must work with programs not made for it."""

from threading import Condition, Lock, Semaphore

from threadlab import DEADLOCK, LIVELOCK, explore


class Room:
    def __init__(self):
        self.readers, self.mutex, self.free, self.inside, self.bad = 0, Semaphore(1), Semaphore(1), [], False


def read(room):
    with room.mutex:
        room.readers += 1
        if room.readers == 1:
            room.free.acquire()
    room.inside.append("reader")
    room.bad = room.bad or "writer" in room.inside
    room.inside.remove("reader")
    with room.mutex:
        room.readers -= 1
        if room.readers == 0:
            room.free.release()


def write(room):
    with room.free:
        room.inside.append("writer")
        room.bad = room.bad or len(room.inside) > 1
        room.inside.remove("writer")


def test_readers_and_writers_never_meet():
    found = explore([read, read, write], state=Room, outcome=lambda room: room.bad, time_limit=60)
    assert (found.complete, set(found.outcomes)) == (True, {False})


class Smokers:
    def __init__(self):
        self.tobacco, self.paper, self.match, self.smoked = Semaphore(0), Semaphore(0), Semaphore(0), 0


def agent(table):
    table.tobacco.release()
    table.paper.release()


def smoker(table, one, other):
    getattr(table, one).acquire()
    getattr(table, other).acquire()
    table.smoked += 1


def test_the_smoker_without_help_can_take_what_another_one_needs():
    smokers = [(smoker, "tobacco", "paper"), (smoker, "match", "paper")]
    assert set(explore([agent, *smokers], state=Smokers, outcome=lambda s: s.smoked).outcomes) == {DEADLOCK}


class Table:
    def __init__(self, seats):
        self.forks, self.meals = [Lock() for _ in range(seats)], 0


def eat(table, me):
    with table.forks[me]:
        with table.forks[(me + 1) % len(table.forks)]:
            table.meals += 1


def eat_or_give_up(table, me):
    while True:
        table.forks[me].acquire()
        if table.forks[1 - me].acquire(timeout=1):
            break
        table.forks[me].release()
    table.meals += 1
    table.forks[1 - me].release()
    table.forks[me].release()


def test_philosophers_who_take_the_left_fork_first_can_get_stuck():
    found = explore([(eat, me) for me in range(3)], state=lambda: Table(3), outcome=lambda table: table.meals)
    assert (found.outcomes, found.notes) == ({3: 6522, DEADLOCK: 48}, ())


def test_philosophers_who_give_up_and_try_again_can_do_so_for_ever_but_never_get_stuck():
    found = explore(
        [(eat_or_give_up, 0), (eat_or_give_up, 1)], state=lambda: Table(2), outcome=lambda table: table.meals
    )
    assert (found.livelock, set(found.outcomes)) == (True, {2, LIVELOCK})


class Buffer:
    def __init__(self):
        self.items, self.changed = [], Condition()


def put(buffer):
    with buffer.changed:
        while buffer.items:
            buffer.changed.wait()
        buffer.items.append(1)
        buffer.changed.notify()


def get(buffer):
    with buffer.changed:
        while not buffer.items:
            buffer.changed.wait()
        buffer.items.pop()
        buffer.changed.notify()


def test_a_full_buffer_with_one_condition_can_wake_the_wrong_thread():
    threads = [put, put, get, get]
    found = explore(threads, state=Buffer, outcome=lambda buffer: len(buffer.items), time_limit=60)
    assert (found.complete, set(found.outcomes)) == (True, {0, DEADLOCK})
