"""`services.yml`: as shipped, and with faults in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery import load_rules
from delivery.services import SERVICES
from exports.errors import LoadError
from orchestration.settings import DEFAULT_SERVICES


def test_as_shipped_nothing_leaves_and_every_service_has_its_terms() -> None:
    rules = load_rules(DEFAULT_SERVICES)
    assert not rules.is_enabled and rules.max_age_hours == 48
    assert rules.services.keys() == SERVICES.keys()
    again = {name for name, terms in rules.services.items() if terms.retry_unknown}
    assert again == {"klaviyo_events", "klaviyo_profiles", "mailchimp"}
    for terms in rules.services.values():
        assert 429 in terms.retried and not terms.accepted & terms.retried
        assert not terms.url or terms.url.startswith("https://")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  enabled: false", "  enabled: maybe", "delivery.enabled must be true or false"),
        ("  max_age_hours: 48", "  max_age_hours: -1", "delivery.max_age_hours must be a number above 0"),
        ("  enabled: false", "  enabled: false\n  max_age: 48", "unknown key 'max_age'"),
        ("sendgrid:", "sendgird:", "unknown key 'sendgird'"),
        ("  auth: bearer", "  auth: password", "sendgrid.auth must be as the top of the file says"),
        ("  concurrent: 4", "  concurrent: 1.5", "sendgrid.concurrent must be a whole number above 0"),
        ("  accepted: [202]", "  accepted: 202", "sendgrid.accepted must be a list of statuses"),
        ("  retry_unknown: false", "  retry_unknown: no-one", "sendgrid.retry_unknown must be true or false"),
        ("  url: https://api.sendgrid.com", "  url: http://api.sendgrid.com", "sendgrid.url must be https"),
        ("  url: https://api", "  url: https://key@api", "sendgrid.url must be https"),
        ("  transient_codes: [TRANS", "  transient_codes: [7, TRANS", "must be a list of texts"),
        ('  headers: {revision: "2026-07-15", ', "  headers: {revision: 7, ", "must be a mapping of texts"),
        ("  hours_ahead: 72", "  hours_ahead: x", "sendgrid.hours_ahead must be a number"),
    ],
)
def test_a_fault_is_shown_where_it_stands(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = DEFAULT_SERVICES.read_text().replace(old, new, 1)
    (tmp_path / "services.yml").write_text(text)
    with pytest.raises(LoadError) as error:
        load_rules(tmp_path / "services.yml")
    (problem,) = error.value.problems
    assert said in problem.text
    assert new.splitlines()[-1].strip() in text.splitlines()[problem.line - 1]


def test_the_sections_needed_are_named(tmp_path: Path) -> None:
    (tmp_path / "services.yml").write_text("sendgrid: {auth: bearer}\n")
    with pytest.raises(LoadError) as error:
        load_rules(tmp_path / "services.yml")
    said = str(error.value)
    assert "key 'delivery' is missing" in said and "key 'sendgrid.retry_unknown' is missing" in said


def test_this_machine_may_be_written_to_without_tls(tmp_path: Path) -> None:
    url = "http://127.0.0.1:8025/api"
    text = DEFAULT_SERVICES.read_text().replace("https://api.sendgrid.com/v3/mail/send", url)
    (tmp_path / "services.yml").write_text(text)
    assert load_rules(tmp_path / "services.yml").services["sendgrid"].url == url
