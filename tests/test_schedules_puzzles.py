"""Classic puzzles, written as textbooks write them: the engine must work with programs not made for it."""

from threading import Semaphore

from threadlab import DEADLOCK, explore


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
    found = explore([read, read, write], state=Room, outcome=lambda room: room.bad)
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
