"""End what runs in another thread."""


def raise_in_thread(ident: int, error: type[BaseException] | None) -> None:
    """Have `error` raised in the thread `ident` at its next bytecode; None takes back one not raised yet.

    A thread inside a long call of C code, a sleep too, gets it when the call returns.
    """
    import ctypes  # a bare Python may have been built without it

    instance = ctypes.py_object(error) if error else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), instance)
