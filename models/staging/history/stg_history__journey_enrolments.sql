select
    as_of_date,
    journey,
    enrolment_id,
    customer_id,
    subject_id,
    entered_at,
    due_at,
    expires_at,
    fulfilled_at,
    status,
    choices,
    ended_at,
    cause,
    evidence
from {{ published_before('history', 'fct_journey_enrolments') }}
