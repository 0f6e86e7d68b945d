with published as (
    select *
    from {{ ref('stg_history__trigger_occasions') }}
    where as_of_date >= cast({{ as_of() }} - interval 32 day as date)
    qualify row_number() over (partition by occasion_id order by as_of_date desc nulls last) = 1
)

select
    published.trigger_name,
    published.occasion_id,
    coalesce(successions.customer_id, published.customer_id) as customer_id,
    published.occurred_at,
    published.due_at
from published
left join {{ ref('int_customers__succeeded') }} as successions on published.customer_id = successions.former_customer_id
