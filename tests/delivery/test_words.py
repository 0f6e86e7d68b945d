"""What a service says, without whom it is about."""

from __future__ import annotations

import pytest

from delivery.words import cleaner, code_of, said, spellings


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Does not contain a valid address.", "Does not contain a valid address."),
        ("Found inactive addresses: ann@example.org, bob@example.org.", "Found inactive addresses: ... ..."),
        ('The "to" field of <Ann.Lee+x@example.org> is wrong', 'The "to" field of ... is wrong'),
        ("Dear Ann Lee is no name; an error", "Dear ... ... is no name; an error"),
        ("Called +49 (151) 0000-0000 twice", "Called ... twice"),
        ("'subject' was 'Hello you, it has been a while'", "'subject' was ..."),
        ('rejected: "quotation that is cut off', "rejected: ..."),
        ("see https://www.example.com/u/0a1b2c?x=1 for", "see ... for"),
        ("the key swordfish-1 of shop:swordfish-1 is wrong", "the key ... of ... is wrong"),
        ("two\nlines \x1b[31m\u202e here", "two lines [31m here"),
    ],
)
def test_words_name_nobody_and_open_nothing(text: str, kept: str) -> None:
    clean = cleaner(spellings("shop:swordfish-1"), ["Ann Lee <ann@example.org>"])
    assert clean(text, b"") == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Bad: Hello Ann, look at this.", "Bad: ...."),
        ("Hello Ann is not a valid look", "Hello Ann is not a valid look"),
        ("Refused Hello Ann, look and look at this", "Refused ... and ..."),
        ("no words", "no words"),
    ],
)
def test_what_repeats_the_request_goes(text: str, kept: str) -> None:
    assert cleaner([], [])(text, b'{"subject": "Hello Ann, look at this"}') == kept


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (b'{"errors": [{"message": "No template.", "field": "template_id"}]}', "No template."),
        (b'{"title": "Bad Request", "status": 400, "detail": "No such list."}', "Bad Request; No such list."),
        (b'{"ErrorCode": 10, "Message": "No such token."}', "No such token."),
        (b'{"data": {"email": "ann@example.org"}}', '{"data": {"email": "ann@example.org"}}'),
        (b"<html>Busy</html>", "<html>Busy</html>"),
        (b"", ""),
    ],
)
def test_of_an_answer_what_is_for_people_is_kept(answer: bytes, kept: str) -> None:
    assert said(answer) == kept


def test_words_are_short() -> None:
    assert len(cleaner([], [])("so " * 1000, b"")) <= 203


def test_every_form_of_a_secret_goes() -> None:
    assert spellings("shop:swordfish") == ["c2hvcDpzd29yZGZpc2g=", "shop:swordfish", "swordfish"]


@pytest.mark.parametrize(
    ("code", "kept"),
    [("406", "406"), (406, "406"), ("MESSAGE_REJECTED", "MESSAGE_REJECTED"), ("ann@x", ""), ("a b", "")],
)
def test_a_code_is_one_by_its_form(code: object, kept: str) -> None:
    assert code_of(code) == kept
