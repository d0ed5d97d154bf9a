"""Ask for a guess before a result is shown: one click, asked once."""

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
    look: Any = {"layout": {"width": "auto", "height": "36px"}, "style": {"font_size": "18px"}}
    buttons = [widgets.Button(description=label, **look) for label in choices]

    def mark(clicked: Any = None) -> None:
        if clicked and guess.label is None:  # of two quick clicks the first one counts
            guess.label, guess.value = clicked.description, choices[clicked.description]
        for button, label in zip(buttons, choices, strict=True):
            button.disabled = guess.label is not None
            if label == guess.label:
                button.description, button.button_style = f"● {label}", "info"  # ✓ would say that it is right

    mark()
    for button in buttons:
        button.on_click(mark)
    if get_ipython() is not None:
        text = widgets.HTML(f'<b style="font-size:18px">{escape(question)}</b>')
        display(widgets.VBox([text, widgets.HBox(buttons)]))
    return guess
