-- The tables that benchmarks/models.py has dbt make, by one script, as somebody would write it for this shop alone.
-- It reads the raw Parquet files and dim_identities, and knows that it runs once: nothing in it can be incremental.

create or replace table by_hand.fct_order_lines as
with orders as (
    select *
    from read_parquet(getvariable('orders'))
    qualify row_number() over (partition by id order by updated_at desc nulls last, source_file desc, source_line desc) = 1
),

lines as (
    select *
    from read_parquet(getvariable('order_lines'))
    qualify row_number() over (partition by id order by updated_at desc nulls last, source_file desc, source_line desc) = 1
),

counted as (
    select
        lines.*,
        coalesce('crm_id:' || orders.customer_id, 'email:' || lower(trim(orders.email))) as node_id,
        orders.created_at as ordered_at,
        orders.cancelled_at is not null as is_cancelled,
        lines.quantity - least(greatest(coalesce(lines.current_quantity, lines.quantity), 0), lines.quantity)
            as returned_quantity,
        cast(round(lines.quantity * lines.price, 2) as decimal(18, 2)) as gross_amount,
        cast(coalesce(lines.total_discount, 0) as decimal(18, 2)) as discount_amount
    from lines
    inner join orders on lines.order_id = orders.id
    where not coalesce(orders.test, false)
),

valued as (
    select
        *,
        cast(round(
            cast(returned_quantity * (gross_amount - discount_amount) as double) / nullif(quantity, 0), 2
        ) as decimal(18, 2)) as returned_amount
    from counted
)

select
    valued.id as order_line_id,
    valued.order_id,
    identities.customer_id,
    valued.node_id,
    valued.product_id,
    valued.title,
    valued.ordered_at,
    'sale' as line_kind,
    valued.quantity,
    valued.returned_quantity,
    valued.quantity - valued.returned_quantity as net_quantity,
    valued.price as unit_price_amount,
    valued.gross_amount,
    valued.discount_amount,
    valued.returned_amount,
    valued.gross_amount - valued.discount_amount - valued.returned_amount as net_amount,
    valued.is_cancelled
from valued
left join marts.dim_identities as identities using (node_id);

create or replace table by_hand.fct_orders as
with orders as (
    select *
    from read_parquet(getvariable('orders'))
    qualify row_number() over (partition by id order by updated_at desc nulls last, source_file desc, source_line desc) = 1
),

totals as (
    select
        order_id,
        count(*) as line_count,
        sum(quantity) as quantity,
        sum(returned_quantity) as returned_quantity,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(returned_amount) as returned_amount,
        sum(net_amount) as net_amount
    from by_hand.fct_order_lines
    group by order_id
)

select
    orders.id as order_id,
    orders.order_number,
    identities.customer_id,
    coalesce('crm_id:' || orders.customer_id, 'email:' || lower(trim(orders.email))) as node_id,
    'sale' as order_kind,
    orders.created_at as ordered_at,
    orders.cancelled_at,
    orders.cancelled_at is not null as is_cancelled,
    orders.financial_status,
    orders.currency,
    orders.cart_token as cart_id,
    totals.line_count,
    cast(totals.quantity as bigint) as quantity,
    cast(totals.returned_quantity as bigint) as returned_quantity,
    cast(totals.gross_amount as decimal(18, 2)) as gross_amount,
    cast(totals.discount_amount as decimal(18, 2)) as discount_amount,
    cast(totals.returned_amount as decimal(18, 2)) as returned_amount,
    cast(totals.net_amount as decimal(18, 2)) as net_amount
from orders
left join totals on orders.id = totals.order_id
left join marts.dim_identities as identities
    on coalesce('crm_id:' || orders.customer_id, 'email:' || lower(trim(orders.email))) = identities.node_id
where not coalesce(orders.test, false);

create or replace table by_hand.fct_rfm_scores as
with customers as (
    select
        customer_id,
        cast(date_diff('day', cast(max(ordered_at) as date), date '2026-03-02') as int) as recency_days,
        count(*) as frequency,
        cast(sum(net_amount) as decimal(18, 2)) as monetary_amount
    from by_hand.fct_orders
    where customer_id is not null and not is_cancelled
    group by customer_id
),

shares as (
    select
        *,
        count(*) over () as everyone,
        count(*) over (order by recency_days desc) as by_recency,
        count(*) over (order by frequency) as by_frequency,
        count(*) over (order by monetary_amount) as by_monetary
    from customers
),

schemes as (
    select * from (values ('quintile', 5), ('band', 3)) as schemes (scheme, bands)
),

scores as (
    select
        customer_id,
        scheme,
        recency_days,
        frequency,
        monetary_amount,
        cast((bands * by_recency + everyone - 1) // everyone as int) as recency_score,
        cast((bands * by_frequency + everyone - 1) // everyone as int) as frequency_score,
        cast((bands * by_monetary + everyone - 1) // everyone as int) as monetary_score
    from shares
    cross join schemes
)

select scores.*, rfm_groups.rfm_group
from scores
left join seeds.rfm_groups as rfm_groups using (scheme, recency_score, frequency_score);

create or replace table by_hand.seg_champions as
select customer_id, recency_days, frequency
from by_hand.fct_rfm_scores
where scheme = 'quintile' and rfm_group = 'champions';

create or replace table by_hand.seg_at_risk as
select customer_id, recency_days, frequency
from by_hand.fct_rfm_scores
where scheme = 'quintile' and rfm_group = 'at_risk';

create or replace table by_hand.seg_loyal_customers as
select customer_id, recency_days, frequency
from by_hand.fct_rfm_scores
where scheme = 'quintile' and rfm_group = 'loyal_customers';

create or replace table by_hand.seg_hibernating as
select customer_id, recency_days, frequency
from by_hand.fct_rfm_scores
where scheme = 'quintile' and rfm_group = 'hibernating';

create or replace table by_hand.seg_lapsed as
select customer_id, recency_days, frequency
from by_hand.fct_rfm_scores
where scheme = 'quintile' and recency_days > 180;

create or replace table by_hand.seg_new_customers as
select customer_id, min(ordered_at) as first_ordered_at
from by_hand.fct_orders
where customer_id is not null and not is_cancelled
group by customer_id
having min(ordered_at) >= timestamp '2026-03-02' - interval 30 day;
