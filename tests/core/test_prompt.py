"""What a language model is asked."""

from plait.core.prompt import Message, Prompt


def test_the_question_is_what_the_user_said_last():
    turns = (
        Message(role="user", content="first"),
        Message(role="user", content="second"),
        Message(role="assistant", content="third"),
    )
    assert Prompt(messages=turns).question == "second"


def test_a_bare_text_is_its_own_question():
    assert Prompt(text="once upon").question == "once upon"
    assert Prompt(messages=(Message(role="system", content="x"),)).question == ""
