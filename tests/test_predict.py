import pytest

from threadlab.running.timeline import Lane, Span, Timeline
from threadlab.showing.timelines import plot_timeline
from threadlab.teaching import predict as module
from threadlab.teaching.predict import predict

HOW_LONG = {"4 s": 4.0, "0.5 s": 0.5}


@pytest.fixture(autouse=True)
def _nothing_asked_yet(monkeypatch):
    monkeypatch.setattr(module, "_guesses", {})


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed, as in a notebook."""
    widgets = []
    monkeypatch.setattr(module, "get_ipython", object)
    monkeypatch.setattr(module, "display", widgets.append)
    return widgets


def buttons(box):
    return box.children[1].children


def test_a_guess_has_no_value_before_the_click():
    assert predict("How long?", HOW_LONG).value is None


def test_a_click_is_the_guess(shown):
    guess = predict("How long?", HOW_LONG)
    buttons(shown[0])[1].click()
    assert (guess.label, guess.value) == ("0.5 s", 0.5)


def test_the_button_clicked_stays_marked_and_asks_no_more(shown):
    predict("How long?", HOW_LONG)
    buttons(shown[0])[0].click()
    assert [(button.description, button.disabled) for button in buttons(shown[0])] == [
        ("● 4 s", True),
        ("0.5 s", True),
    ]


def test_the_first_of_two_clicks_counts(shown):
    guess = predict("How long?", HOW_LONG)
    for button in buttons(shown[0]):
        button.click()
    assert guess.label == "4 s"


def test_running_the_cell_again_keeps_the_guess_and_its_mark(shown):
    predict("How long?", HOW_LONG)
    buttons(shown[0])[1].click()
    assert predict("How long?", HOW_LONG).value == 0.5
    assert buttons(shown[1])[1].description == "● 0.5 s"


def test_another_question_has_a_guess_of_its_own(shown):
    predict("How long?", HOW_LONG)
    buttons(shown[0])[1].click()
    assert predict("And with a lock?", HOW_LONG).value is None


def test_labels_alone_stand_for_themselves(shown):
    guess = predict("Which one?", ["Ann", "Bob"])
    buttons(shown[0])[1].click()
    assert guess.value == "Bob"


def test_one_option_is_no_choice():
    with pytest.raises(ValueError, match=r"options must be at least two to choose from, not \['Ann'\]"):
        predict("Which one?", ["Ann"])


def test_a_picture_draws_the_guess_after_the_click(shown):
    run = Timeline((Lane("Ann", (Span(0, 1, "running"),)),), 1.0)
    guess = predict("How long?", HOW_LONG)
    buttons(shown[0])[0].click()
    assert "your guess" in [line.get_label() for line in plot_timeline(run, guess=guess).lines]
