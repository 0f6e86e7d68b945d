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
-- Left joins, though every value has its score: given inner joins, DuckDB may start with the pairs of scores of a scheme.
scores as (
    select
        customers.*,
        schemes.scheme,
        recency_days_scores.score as recency_score,
        frequency_scores.score as frequency_score,
        monetary_amount_scores.score as monetary_score
    from customers
    cross join schemes
    {%- for measure in ['recency_days', 'frequency', 'monetary_amount'] %}
    left join {{ measure }}_scores
        on customers.{{ measure }} = {{ measure }}_scores.{{ measure }} and schemes.scheme = {{ measure }}_scores.scheme
    {%- endfor %}
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
