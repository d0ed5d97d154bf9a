"""Ask before a result is shown: for a guess, once; or for the cause of what went wrong, until it is found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets as widgets
from IPython.core.getipython import get_ipython
from IPython.display import display


@dataclass(slots=True)
class Guess:
    """What somebody expects: a `label` and the `value` that it stands for, None until the click."""

    label: str | None = None
    value: Any = None


# Kept while the kernel runs: a cell that is run again must neither ask again nor forget what was clicked.
_guesses: dict[tuple[Any, ...], Guess] = {}
_tried: dict[tuple[str, ...], set[str]] = {}
_LOOK: Any = {"layout": {"width": "auto", "height": "36px"}, "style": {"font_size": "18px"}}


def predict(question: str, options: Mapping[str, float] | Iterable[str]) -> Guess:
    """Show `question` with a button for each of `options`; pictures draw the guess dashed.

        >>> guess = predict("Eight threads: how long?", {"4 s": 4.0, "1 s": 1.0, "0.5 s": 0.5})
        >>> guess.label is None and guess.value is None
        True

    Args:
        question: What is asked, once; the same question and options later bring back the same guess.
        options: What each label stands for, as plot functions take it; or labels alone.

    Returns:
        The guess, which has no value before the click. Give it to a picture as `guess=`.

    Raises:
        ValueError: there are fewer than two options.
    """
    choices = dict(options) if isinstance(options, Mapping) else {label: label for label in options}
    if len(choices) < 2:
        raise ValueError(f"options must be at least two to choose from, not {options!r}")
    guess = _guesses.setdefault((question, *choices.items()), Guess())
    buttons = [widgets.Button(description=label, **_LOOK) for label in choices]

    def mark(clicked: Any = None) -> None:
        if clicked and guess.label is None:  # of two quick clicks the first one counts
            guess.label, guess.value = clicked.description, choices[clicked.description]
        for button, label in zip(buttons, choices, strict=True):
            button.disabled = guess.label is not None
            if label == guess.label:
                button.description, button.button_style = f"✓ {label}", "info"

    mark()
    for button in buttons:
        button.on_click(mark)
    if get_ipython() is not None:
        display(widgets.VBox([_text(question, "b"), widgets.HBox(buttons)]))
    return guess


def _text(words: str, tag: str = "span") -> Any:
    return widgets.HTML(f'<{tag} style="font-size:18px">{escape(words)}</{tag}>')


def find_cause(question: str, answers: Mapping[str, str], *, right: str) -> None:
    """Show `question` with a button for each of `answers`, and after a click whether it is `right`, and why.

        >>> find_cause("Why two?", {"no lock": "Yes.", "bad luck": "It fails every time."}, right="no lock")

    Args:
        question: What is asked; what was clicked stays so when the cell is run again.
        answers: The reply to each answer.
        right: The answer that is right; the others can be tried as well, before or after.
    """
    if right not in answers:
        raise ValueError(f"right must be one of the answers {list(answers)!r}, not {right!r}")
    tried = _tried.setdefault((question, *answers), set())
    rows = [widgets.HBox([widgets.Button(description=answer, **_LOOK), _text("")]) for answer in answers]

    def mark(clicked: Any = None) -> None:
        for row, (answer, reply) in zip(rows, answers.items(), strict=True):
            button = row.children[0]
            if button is clicked or answer in tried:
                tried.add(answer)
                sign, button.button_style = ("✓", "success") if answer == right else ("✗", "warning")
                button.description, button.disabled = f"{sign} {answer}", True
                row.children = button, _text(reply)

    mark()
    for row in rows:
        row.children[0].on_click(mark)
    if get_ipython() is not None:  # as text, everything can be read without a click
        told = [f"{'✓' if answer == right else '✗'} {answer}: {reply}" for answer, reply in answers.items()]
        box = widgets.VBox([_text(question, "b"), *rows])
        display({**box._repr_mimebundle_(), "text/plain": "\n".join([question, *told])}, raw=True)
