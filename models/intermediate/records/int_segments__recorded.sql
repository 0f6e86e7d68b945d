with published as (
    select * from {{ ref('stg_history__segment_memberships') }}
),

successions as (
    select * from {{ ref('int_customers__succeeded') }}
),

last_published as (
    select max(as_of_date) as as_of_date
    from published
)

select
    published.segment,
    coalesce(successions.customer_id, published.customer_id) as customer_id,
    published.subject,
    min(published.entered_at) as entered_at
from published
inner join last_published on published.as_of_date = last_published.as_of_date
left join successions on published.customer_id = successions.former_customer_id
where published.is_member
group by published.segment, coalesce(successions.customer_id, published.customer_id), published.subject
