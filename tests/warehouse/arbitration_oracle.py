"""What docs/arbitration.md says, in plain Python: whom a run writes to, when, and why nobody else."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from .arbitration_worlds import (
    CAPS,
    COUNTRIES,
    GLOBAL_HOLDOUT,
    QUIET,
    SEGMENTS,
    ZONES,
    Campaign,
    Candidate,
    Day,
    Person,
)

UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Decision:
    """What becomes of a candidate; the time it goes out where it is sent."""

    decision: str
    reason: str | None = None
    winner: str | None = None
    send_at: datetime | None = None


def share(text: str) -> float:
    """A text's place in [0, 1)."""
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) / 2**32


def message_id(candidate: Candidate) -> str:
    """The id of the candidate's message."""
    return hashlib.md5("|".join(candidate.key).encode()).hexdigest()


def zone_of(person: Person) -> ZoneInfo:
    """Whose clock a person's mail goes by."""
    if person.time_zone in ZONES:
        return ZoneInfo(str(person.time_zone))
    return ZoneInfo(COUNTRIES.get(person.country or "", COUNTRIES["ZZ"]))


def is_quiet(at: datetime, zone: ZoneInfo) -> bool:
    """Whether a clock in the zone shows a time in the quiet hours, which run over midnight."""
    shown = at.replace(tzinfo=UTC).astimezone(zone).time()
    return shown >= time.fromisoformat(QUIET[0]) or shown < time.fromisoformat(QUIET[1])


def next_local(at: datetime, clock: str, zone: ZoneInfo) -> datetime:
    """When a clock in the zone next shows a time: the first, where it does so twice."""
    today = at.replace(tzinfo=UTC).astimezone(zone).date()
    for day in (today, today + timedelta(days=1)):
        shown = datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC).replace(tzinfo=None)
        if shown >= at:
            return shown
    raise AssertionError("a day without that time of day")


def send_at(campaign: Campaign, zone: ZoneInfo, as_of: datetime) -> datetime:
    """When a message of the campaign goes out to somebody in the zone."""
    at = as_of + timedelta(minutes=campaign.send_delay)
    if campaign.send_at_local:
        at = next_local(at, campaign.send_at_local, zone)
    if campaign.message_class == "marketing" and is_quiet(at, zone):
        at = next_local(at, QUIET[1], zone)
    return at


def address_of(day: Day, customer: str) -> str:
    """Where a customer is reached today; by themselves alone, where nowhere."""
    return day.people[customer].email or customer


def decide(day: Day) -> dict[tuple[str, str, str], Decision]:
    """The decision on every candidate."""
    sent_on: dict[str, list[tuple[date, bool]]] = defaultdict(list)
    for send in day.ledger:
        campaign = day.campaigns.get(send.campaign)
        if campaign is None or campaign.is_capped:
            sent_on[address_of(day, send.customer)].append((send.day, campaign is None or campaign.delays_others))
    already = {(s.campaign, s.customer, s.occasion_id) for s in day.ledger}

    decisions: dict[tuple[str, str, str], Decision] = {}
    contenders: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in day.candidates:
        campaign, person = day.campaigns[candidate.campaign], day.people[candidate.customer]
        at = send_at(campaign, zone_of(person), day.as_of)
        reason = (
            _forbidden(campaign, person, day.as_of.date())
            or _pointless(candidate, campaign, at, candidate.key in already)
            or _held_out(campaign, person)
            or _capped(campaign, [((day.date - on).days, delays) for on, delays in sent_on[address_of(day, person.id)]])
        )
        if reason:
            kind = "hold_out" if reason.endswith("_holdout") else "suppress"
            decisions[candidate.key] = Decision(kind, reason)
        else:
            decisions[candidate.key] = Decision("send", send_at=at)
            if campaign.is_capped:
                contenders[address_of(day, person.id)].append(candidate)
    for rivals in contenders.values():
        first, *others = sorted(rivals, key=lambda c: _rank(c, day.campaigns[c.campaign]))
        for other in others:
            decisions[other.key] = Decision("suppress", "lost_to_higher_priority", first.campaign)
    return decisions


def _rank(candidate: Candidate, campaign: Campaign) -> tuple[int, bool, Decimal, str]:
    value = candidate.value
    return campaign.priority, value is None, -(value or Decimal(0)), message_id(candidate)


def _forbidden(campaign: Campaign, person: Person, today: date) -> str | None:
    """What law and consent say."""
    if "erased" in person.suppressed:
        return "erased"
    if person.consent != "granted":
        known = {"withdrawn", "denied", "expired"}
        return f"consent_{person.consent}" if person.consent in known else "no_consent"
    if person.email is None:
        return "no_email_address"
    if "@" not in person.email:
        return "invalid_email_address"
    for reason in ("role_address", "disposable_address", "unsubscribed", "hard_bounced", "complained"):
        if reason in person.suppressed:
            return reason
    if campaign.needs_profiling and person.profiling != "granted":
        return "no_profiling_consent"
    if campaign.minimum_age is not None and person.birth_on is not None:
        born = person.birth_on
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        if age < campaign.minimum_age:
            return "under_minimum_age"
    return None


def _pointless(candidate: Candidate, campaign: Campaign, at: datetime, is_sent: bool) -> str | None:
    """What the campaign, the occasion and the content say."""
    occasion = candidate.occasion
    if not campaign.is_on or (occasion and not occasion.is_on):
        return "switched_off"
    if is_sent:
        return "already_sent"
    if candidate.segment and not SEGMENTS.get(candidate.segment, False):
        return "segment_too_small"
    if occasion and occasion.status == "cancelled":
        return "occasion_cancelled"
    if occasion and occasion.is_fulfilled:
        return "occasion_fulfilled"
    if occasion and occasion.status in ("pending", "expired"):
        return f"occasion_{occasion.status}"
    if not candidate.has_content:
        return "nothing_to_show"
    if occasion and at >= occasion.expires_at:
        return "quiet_hours"
    return None


def _held_out(campaign: Campaign, person: Person) -> str | None:
    if campaign.message_class != "marketing":
        return None
    if share(f"global_holdout|{person.id}") < GLOBAL_HOLDOUT:
        return "global_holdout"
    if share(f"holdout|{campaign.name}|{person.id}") < campaign.holdout_share:
        return "campaign_holdout"
    return None


def _capped(campaign: Campaign, sends: list[tuple[int, bool]]) -> str | None:
    """`sends` are those to the address: how many days ago, and whether others wait after it."""
    if not campaign.is_capped:
        return None
    if any(delays and ago < (campaign.cap_days or 0) for ago, delays in sends):
        return "frequency_capped"
    if any(sum(ago < window for ago, _ in sends) >= maximum for window, maximum in CAPS.items()):
        return "over_class_cap"
    return None
