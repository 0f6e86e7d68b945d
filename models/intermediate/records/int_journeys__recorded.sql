with published as (
    select * from {{ ref('stg_history__journey_enrolments') }}
),

successions as (
    select * from {{ ref('int_customers__succeeded') }}
),

last_published as (
    select max(as_of_date) as as_of_date
    from published
)

select
    cast(published.as_of_date as timestamp) + interval 1 day as published_at,
    published.journey,
    published.enrolment_id,
    coalesce(successions.customer_id, published.customer_id) as customer_id,
    published.subject_id,
    published.entered_at,
    published.due_at,
    published.expires_at,
    published.fulfilled_at,
    published.status,
    published.choices,
    published.ended_at,
    published.cause,
    published.evidence
from published
inner join last_published on published.as_of_date = last_published.as_of_date
left join successions on published.customer_id = successions.former_customer_id
where {{ is_concerned('published.customer_id') }}
