with orders as (
    select *
    from {{ ref('fct_orders') }}
    where customer_id is not null and not is_cancelled
),

rfm_groups as (
    select * from {{ ref('rfm_groups') }}
),

schemes as (
    select scheme, max(recency_score) as bands
    from rfm_groups
    group by scheme
),

-- A customer known only by a return has bought nothing that is on record, hence no recency.
customers as (
    select
        customer_id,
        {{ days_between("max(ordered_at) filter (where order_kind = 'sale')", as_of()) }} as recency_days,
        count(*) filter (where order_kind = 'sale') as frequency,
        cast(sum(net_amount) as decimal(18, 2)) as monetary_amount
    from orders
    group by customer_id
    having count(*) filter (where order_kind = 'sale') > 0
),

{% for measure, direction in {'recency_days': 'desc', 'frequency': 'asc', 'monetary_amount': 'asc'}.items() %}
{{ measure }}_counts as (
    select {{ measure }}, count(*) as customer_count
    from customers
    group by {{ measure }}
),

{{ measure }}_scores as (
    select scheme, {{ measure }}, {{ rfm_score(measure, 'bands', direction) }} as score
    from {{ measure }}_counts
    cross join schemes
),

{% endfor -%}
scores as (
    select
        customers.*,
        recency_days_scores.scheme,
        recency_days_scores.score as recency_score,
        frequency_scores.score as frequency_score,
        monetary_amount_scores.score as monetary_score
    from customers
    inner join recency_days_scores on customers.recency_days = recency_days_scores.recency_days
    inner join frequency_scores
        on customers.frequency = frequency_scores.frequency and recency_days_scores.scheme = frequency_scores.scheme
    inner join monetary_amount_scores
        on customers.monetary_amount = monetary_amount_scores.monetary_amount
        and recency_days_scores.scheme = monetary_amount_scores.scheme
)

select
    {{ as_of_date() }} as as_of_date,
    scores.customer_id,
    scores.scheme,
    scores.recency_days,
    scores.frequency,
    scores.monetary_amount,
    scores.recency_score,
    scores.frequency_score,
    scores.monetary_score,
    rfm_groups.rfm_group
from scores
left join rfm_groups
    on scores.scheme = rfm_groups.scheme
    and scores.recency_score = rfm_groups.recency_score
    and scores.frequency_score = rfm_groups.frequency_score
