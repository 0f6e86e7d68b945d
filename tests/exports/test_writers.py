"""What every writer does with messages: where it cuts, what it refuses, what it carries and what it never writes."""

import datetime as dt
import json
import re
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from esp_messages import AS_OF, SETTINGS, bodies, message, parts, writer
from export_rows import LIBRARY
from hypothesis import given, settings
from hypothesis import strategies as st

from exports import DataError
from exports.safety import clean_line, is_email
from exports.writers import WRITERS
from exports.writers.check import MISSING_WORDS

ALL = sorted(WRITERS)
SAMPLE = [message(number) for number in range(1, 6)]
# Where a service takes the body of a message. Mailchimp's merge fields are too small, a Klaviyo profile is no mail.
WHOLE = [name for name in ALL if name not in ("mailchimp", "klaviyo_profiles")]


def found(value: Any) -> list[tuple[str, Any]]:
    """Every key with its value, at any depth, also within JSON that is a string."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            value = json.loads(value)
        except ValueError:
            return []
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in [(key, item), *found(item)]]
    return [pair for item in value for pair in found(item)] if isinstance(value, list) else []


def strings(value: Any) -> list[str]:
    """Every text in a body, also within JSON that is a string."""
    texts = [item for _, item in found(value) if isinstance(item, str)]
    lists = [item for _, items in found(value) if isinstance(items, list) for item in items if isinstance(item, str)]
    return texts + lists


def test_the_sample_is_canonical() -> None:
    schema = json.loads((LIBRARY / "schemas/message.schema.json").read_bytes())
    jsonschema.Draft202012Validator(schema).validate(message())


def test_each_service_is_told_what_it_needs() -> None:
    assert sorted(SETTINGS) == ALL
    modules = {path.stem for path in (LIBRARY / "writers").glob("*.py")}
    assert set(ALL) <= modules


@pytest.mark.parametrize("name", ALL)
def test_the_same_messages_give_the_same_files(name: str) -> None:
    assert parts(name, SAMPLE) == parts(name, iter(SAMPLE))
    assert parts(name, []) == []


@pytest.mark.parametrize("name", ALL)
def test_a_part_holds_as_many_items_as_it_may(name: str) -> None:
    at = parts(name, SAMPLE, max_items=5)
    over = parts(name, SAMPLE, max_items=4)
    assert [part.rows for part in at] == [5]
    assert [(part.name, part.rows) for part in over] == [
        (f"part-0001.{at[0].name.split('.')[1]}", 4), (f"part-0002.{at[0].name.split('.')[1]}", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_a_part_holds_as_many_bytes_as_it_may(name: str) -> None:
    (whole,) = parts(name, SAMPLE)
    size = len(whole.body)
    assert [part.rows for part in parts(name, SAMPLE, max_bytes=size)] == [5]
    cut = parts(name, SAMPLE, max_bytes=size - 1)
    assert [part.rows for part in cut] == [4, 1]
    assert all(len(part.body) < size for part in cut)


@pytest.mark.parametrize("name", ALL)
def test_a_message_too_large_for_a_request_is_refused(name: str) -> None:
    (alone,) = parts(name, SAMPLE[:1])
    size = len(alone.body)
    assert parts(name, SAMPLE[:1], max_bytes=size) == [alone]
    with pytest.raises(DataError, match=f"more than {name}'s max_bytes"):
        parts(name, SAMPLE[:1], max_bytes=size - 1)


@pytest.mark.parametrize("name", ALL)
def test_an_address_comes_once_in_a_request(name: str) -> None:
    same = [message(1), message(2), message(3, to={"email": "Person1@EXAMPLE.org", "name": None})]
    assert [part.rows for part in parts(name, same)] == [2, 1]


@pytest.mark.parametrize("name", ALL)
def test_messages_of_one_time_share_a_part(name: str) -> None:
    times = ["2026-03-02T09:30:00Z", "2026-03-02T21:30:00Z", "2026-03-02T09:30:00Z"]
    written = parts(name, [message(number, send_at=time) for number, time in enumerate(times, 1)])
    assert [(part.rows, part.send_at) for part in written] == [(2, times[0]), (1, times[1])]


def test_many_times_do_not_fill_the_memory() -> None:
    spread = [message(number, send_at=f"2026-03-02T{number % 24:02d}:00:00Z") for number in range(1, 97)]
    limit = len(parts("sendgrid", SAMPLE)[0].body)
    written = parts("sendgrid", spread, max_bytes=limit)
    assert sum(part.rows for part in written) == 96 and len(written) > 24
    assert len({part.name for part in written}) == len(written)


@pytest.mark.parametrize("name", ["sendgrid", "mailgun", "klaviyo_events"])
def test_a_time_further_ahead_than_a_service_plans_is_refused(name: str) -> None:
    hours = int(writer(name).options["max_hours_ahead"])

    def at(moment: dt.datetime) -> dict[str, Any]:
        return message(send_at=moment.isoformat().replace("+00:00", "Z"))

    latest = AS_OF + dt.timedelta(hours=hours)
    assert len(parts(name, [at(latest)])) == 1
    with pytest.raises(DataError, match="max_hours_ahead"):
        parts(name, [at(latest + dt.timedelta(seconds=1))])


@pytest.mark.parametrize(
    ("name", "limit", "part", "change", "size"),
    [
        ("ses", "max_header_chars", "List-Unsubscribe", None, len(message()["headers"]["List-Unsubscribe"])),
        ("ses", "max_id_chars", "metadata.send_id", None, 32),
        ("ses", "max_data_chars", "ReplacementTemplateData", None, None),
        ("postmark", "max_id_chars", "metadata.send_id", None, 32),
        ("postmark", "max_item_bytes", "message", None, None),
        ("klaviyo_profiles", "max_item_bytes", "message", None, None),
        ("klaviyo_events", "max_string_bytes", "html", {"html": "é" * 200}, 400),
        ("customerio", "max_item_bytes", "message", None, None),
        ("braze", "max_data_bytes", "trigger_properties", None, None),
        ("mailchimp", "max_id_chars", "metadata.send_id", None, 32),
        ("mailchimp", "max_text_bytes", "subject", {"subject": "é" * 20}, 40),
    ],
)
def test_what_a_service_cuts_off_is_refused(
    name: str, limit: str, part: str, change: dict[str, Any] | None, size: int | None
) -> None:
    sent = [message(**(change or {}))]
    if size is None:
        with pytest.raises(DataError) as error:
            parts(name, sent, **{limit: 1})
        size = int(re.findall(r"(\d+) is more than", str(error.value))[0])
    assert len(parts(name, sent, **{limit: size})) == 1
    with pytest.raises(DataError, match=f"token {part}: {size} is more than {name}'s {limit}: {size - 1}"):
        parts(name, sent, **{limit: size - 1})


SHIPPED_LIMITS = {
    "sendgrid": {"max_items": 1000, "max_hours_ahead": 72},
    "ses": {"max_items": 50, "max_data_chars": 262144, "max_header_chars": 995, "max_id_chars": 256},
    "postmark": {"max_items": 500, "max_bytes": 50_000_000, "max_item_bytes": 10_000_000},
    "mailgun": {"max_items": 1000},
    "klaviyo_profiles": {"max_items": 10_000, "max_bytes": 5_000_000, "max_item_bytes": 100_000},
    "klaviyo_events": {"max_items": 1000, "max_bytes": 5_000_000, "max_string_bytes": 100_000},
    "customerio": {"max_item_bytes": 2_000_000},
    "braze": {"max_items": 50},
    "mailchimp": {"max_items": 500, "max_text_bytes": 255},
}


@pytest.mark.parametrize("name", sorted(SHIPPED_LIMITS))
def test_the_shipped_limits_are_the_services_own(name: str) -> None:
    assert writer(name).options.items() >= SHIPPED_LIMITS[name].items()


@pytest.mark.parametrize("name", ["sendgrid", "ses", "klaviyo_events"])
def test_the_shipped_limit_cuts(name: str) -> None:
    limit = int(writer(name).options["max_items"])
    sent = [message(number) for number in range(1, limit + 2)]
    assert [part.rows for part in parts(name, sent[:limit])] == [limit]
    assert [part.rows for part in parts(name, sent)] == [limit, 1]


UNFILLED = {
    "raw tag in html": {"html": "<p>{{ name }}</p>"},
    "raw tag in text": {"text": "{% if x %}"},
    "raw tag in subject": {"subject": "{# x #}"},
    "raw tag in preheader": {"preheader": "{{x}}"},
    "raw tag in a name": {"to": {"email": "a@example.org", "name": "{{ x }}"}},
    "null subject": {"subject": None},
    "null html": {"html": None},
    "number": {"text": float("nan")},
    "None in subject": {"subject": "Hello None, it has been a while"},
    "nan in preheader": {"preheader": "Only nan left"},
    "None as text": {"text": "None"},
    "blank html": {"html": " \n"},
    "empty subject": {"subject": ""},
    "empty id": {"customer_id": ""},
    "undefined id": {"metadata": message()["metadata"] | {"person_id": "undefined"}},
    "no send id": {"metadata": {"campaign_id": "winback"}},
    "no ids": {"metadata": None},
    "no address": {"to": {"email": None, "name": "Ada"}},
    "no header": {"headers": {"List-Unsubscribe": "", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}},
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("case", sorted(UNFILLED))
def test_what_was_never_filled_in_is_refused(name: str, case: str) -> None:
    with pytest.raises(DataError, match=f"message '{message()['message_id']}'"):
        parts(name, [message(**UNFILLED[case])])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("key", sorted(message().keys() - {"locale"}))  # No service takes it.
def test_a_message_without_a_part_is_refused(name: str, key: str) -> None:
    lacking = message()
    del lacking[key]
    with pytest.raises(DataError, match=key if key == "message_id" else f"token {key}: is missing"):
        parts(name, [lacking])


@pytest.mark.parametrize("name", ALL)
def test_words_that_only_look_missing_pass(name: str) -> None:
    sent = message(to={"email": "null@example.org", "name": "null"}, subject="Nan, nonetheless", text="None of it.")
    (body,) = bodies(name, [sent])
    assert not {"null", "null <null@example.org>"} & set(strings(body))


@pytest.mark.parametrize("name", ALL)
def test_nothing_can_subscribe_anybody_again(name: str) -> None:
    pairs = [pair for body in bodies(name, SAMPLE) for pair in found(body)]
    allowed = {"List-Unsubscribe", "List-Unsubscribe-Post", "h:List-Unsubscribe", "h:List-Unsubscribe-Post"}
    allowed |= {"unsubscribe", "subscriber_emails"}
    telling = [pair for pair in pairs if re.search("status|consent|subscri|opt_?in|list", pair[0], re.IGNORECASE)]
    assert [pair for pair in telling if pair[0] not in allowed and pair != ("status_if_new", "transactional")] == []
    types = {value for key, value in pairs if key == "type"}
    assert not any("subscription" in value or "suppression" in value for value in types)
    assert {"update_existing", "overwrite", "broadcast", "attributes"}.isdisjoint(
        key for key, _ in pairs if not name.startswith("klaviyo")
    )


@pytest.mark.parametrize("name", ALL)
def test_our_ids_go_along(name: str) -> None:
    sent = message(7)
    (body,) = bodies(name, [sent])
    texts = strings(body)
    assert sent["message_id"] in texts
    assert "winback" in texts


IDS = {
    "sendgrid": lambda body: body["personalizations"][0]["custom_args"],
    "ses": lambda body: {tag["Name"]: tag["Value"] for tag in body["BulkEmailEntries"][0]["ReplacementTags"]},
    "postmark": lambda body: body[0]["Metadata"],
    "mailgun": lambda body: json.loads(body["recipient-variables"])["person7@example.org"],
    "klaviyo_events": lambda body: body["data"]["attributes"]["events-bulk-create"]["data"][0]["attributes"]["events"][
        "data"
    ][0]["attributes"]["properties"],
    "customerio": lambda body: body["data"],
    "braze": lambda body: body["recipients"][0]["trigger_properties"],
    "listmonk": lambda body: body["data"],
}


@pytest.mark.parametrize("name", sorted(IDS))
def test_our_ids_are_where_the_service_gives_them_back(name: str) -> None:
    (body,) = bodies(name, [message(7)])
    assert IDS[name](body).items() >= message(7)["metadata"].items()


@pytest.mark.parametrize("name", WHOLE)
def test_the_headers_of_one_click_go_along(name: str) -> None:
    (body,) = bodies(name, [message()])
    texts = strings(body)
    for header, text in message()["headers"].items():
        assert text in texts, header


# A subject that says `nan` is refused, and has its own test.
line = (
    st.text(min_size=1, max_size=40)
    .map(clean_line)
    .filter(lambda text: text and not any(word in text for word in MISSING_WORDS))
)
hostile = line | st.sampled_from(
    ['"', "\\", "a, b; c <x@y.example>", "O'Neil \"Jim\" \\", "%recipient.html% %unsubscribe_url%", "*|FNAME|*",
     "-html-", "\\u0000", "Zoë 李 🦊", "x" * 5000, "]}]}", "=1+1"]
)  # fmt: skip


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=25, deadline=None)
@given(name_of=hostile, word=hostile)
def test_hostile_values_stay_values(name: str, name_of: str, word: str) -> None:
    sent = message(
        to={"email": "person1@example.org", "name": str(name_of)},
        subject=f"A {word}",
        html=f'<p title="x">{word}\n</p>',
        text=f"{word}\n\t\u2028.\n",
    )
    try:
        (part,) = parts(name, [sent, message(2)])
    except DataError as error:
        assert name == "mailchimp" and "max_text_bytes" in str(error) and len(str(word).encode()) > 250
        return
    assert part.rows == 2
    (body, *_) = bodies(name, [sent, message(2)])
    if name in WHOLE and name != "mailgun":
        texts = strings(body)
        assert all(sent[part] in texts for part in ("subject", "html", "text"))


@settings(max_examples=50, deadline=None)
@given(name=hostile)
def test_a_mailbox_is_one_address(name: str) -> None:
    (body,) = bodies("ses", [message(to={"email": "person1@example.org", "name": str(name)})])
    (address,) = body["BulkEmailEntries"][0]["Destination"]["ToAddresses"]
    assert address.isascii() and address.isprintable()
    shown, email = parseaddr(address)
    assert email == "person1@example.org"
    assert str(make_header(decode_header(shown))) in (str(name), "")


def test_letters_beyond_ascii_in_an_address() -> None:
    abroad = message(to={"email": "ada@bücher.example", "name": None})
    assert is_email(abroad["to"]["email"])
    for name in ALL:
        assert any(
            "ada@xn--bcher-kva.example" in text for body in bodies(name, [abroad]) for text in strings(body)
        ) or (name == "mailgun")
    with pytest.raises(DataError, match="beyond ASCII before the @"):
        parts("ses", [message(to={"email": "zoë@example.org", "name": None})])
    assert "zoë@example.org" in json.dumps(
        list(bodies("sendgrid", [message(to={"email": "zoë@example.org", "name": None})])), ensure_ascii=False
    )


def test_sendgrid_does_not_take_a_name_for_several() -> None:
    (body,) = bodies("sendgrid", [message(to={"email": "a@example.org", "name": 'Doe, "Jo"; x'})])
    assert body["personalizations"][0]["to"] == [{"email": "a@example.org", "name": '"Doe, Jo; x"'}]


def test_ses_takes_no_id_it_cannot_tag() -> None:
    with pytest.raises(DataError, match="metadata.person_id"):
        parts("ses", [message(metadata=message()["metadata"] | {"person_id": "crm:1"})])


def test_ses_gives_each_reader_their_own_parts_and_no_others() -> None:
    (body,) = bodies("ses", SAMPLE)
    assert json.loads(body["DefaultContent"]["Template"]["TemplateData"]) == {}
    for entry, sent in zip(body["BulkEmailEntries"], SAMPLE, strict=True):
        data = json.loads(entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
        assert data == {part: sent[part] for part in ("subject", "html", "text")}
        assert body["DefaultContent"]["Template"]["TemplateContent"] == {
            "Subject": "{{subject}}", "Html": "{{html}}", "Text": "{{text}}",
        }  # fmt: skip


def test_mailgun_gives_everyone_in_to_their_own_variables() -> None:
    (body,) = bodies("mailgun", SAMPLE)
    variables = json.loads(body["recipient-variables"])
    assert [parseaddr(address)[1] for address in body["to"]] == list(variables)
    used = {name for text in strings(body) for name in re.findall(r"%recipient\.(\w+)%", text)}
    assert used >= {"html", "subject", "text", "unsubscribe", "send_id"}
    assert all(used <= each.keys() for each in variables.values())


def test_mailgun_fills_in_nothing_from_a_name() -> None:
    sent = message(subject="Hi %recipient.html%", html="<p>%Recipient.text% 100%</p>", text="%unsubscribe_url%")
    (body,) = bodies("mailgun", [sent])
    (values,) = json.loads(body["recipient-variables"]).values()
    assert values["subject"] == "Hi %\u200crecipient.html%"
    assert values["html"] == "<p>&#37;Recipient.text% 100%</p>"
    assert values["text"] == "%\u200cunsubscribe_url%"


def test_klaviyo_records_a_message_once() -> None:
    (body,) = bodies("klaviyo_events", SAMPLE)
    events = [
        event["attributes"]
        for entry in body["data"]["attributes"]["events-bulk-create"]["data"]
        for event in entry["attributes"]["events"]["data"]
    ]
    assert [event["unique_id"] for event in events] == [sent["message_id"] for sent in SAMPLE]
    assert all(event.get("backfill") is None for event in events)


def test_mailchimp_names_a_member_by_the_hash_of_the_address() -> None:
    (body,) = bodies("mailchimp", [message(to={"email": "Urist.McVankab@freddiesjokes.com", "name": None})])
    (operation,) = body["operations"]
    assert operation["path"] == "/lists/0123456789/members/62eeb292278cc15f5817cb78f7790b08"
    assert all(len(field) <= 10 for field in json.loads(operation["body"])["merge_fields"])


@pytest.mark.parametrize("name", ALL)
def test_a_sender_cannot_open_a_gap(name: str) -> None:
    """The gap of a frame is a control character; one that is typed out is text."""
    shop = {"email": "hello@mail.example.com", "name": "A \\u0000 shop"}
    sent = [each | {"from": shop, "reply_to": shop} for each in SAMPLE]
    assert [part.rows for part in parts(name, sent)] == [5]
    assert len(list(bodies(name, sent))) in (1, 5)


def test_a_line_is_a_request() -> None:
    for name in ("customerio", "listmonk"):
        (part,) = parts(name, SAMPLE)
        assert part.body.endswith(b"\n") and part.body.count(b"\n") == 5
        assert Path(part.name).suffix == ".jsonl"
