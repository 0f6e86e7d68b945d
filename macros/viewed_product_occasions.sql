{#-
    A whole trigger model: changes of one kind to products that a customer viewed not long before (config.meta.viewed_days) and has
    not bought since. The change is called off by `undone_by`, the opposite one.

    One occasion per customer, product and month: stock that flickers, or a feed that arrives late and moves the change to
    another day, gives no second one. Of several the one that stands is taken, then the largest, then the first.
-#}
{% macro viewed_product_occasions(trigger_name, kind, undone_by, at_least=none) -%}
{%- set viewed_days = policy_value('trg_' ~ trigger_name, 'viewed_days', 'int') -%}
with changes as (
    select *
    from {{ ref('fct_product_changes') }}
    where kind = '{{ kind }}' and changed_at > {{ kept_since(trigger_name) }}
),

reversals as (
    select changes.product_id, changes.changed_at, min(later.changed_at) as undone_at
    from changes
    inner join {{ ref('fct_product_changes') }} as later
        on changes.product_id = later.product_id
        and changes.changed_at < later.changed_at
        and later.kind = '{{ undone_by }}'
    group by changes.product_id, changes.changed_at
),

views as (
    select
        changes.product_id,
        changes.changed_at,
        events.customer_id,
        max(events.occurred_at) as viewed_at
    from changes
    inner join {{ ref('fct_web_events') }} as events
        on changes.product_id = events.product_id
        and changes.changed_at > events.occurred_at
        and changes.changed_at <= {{ dbt.dateadd('day', viewed_days, 'events.occurred_at') }}
    where
        events.event_name = 'Product Viewed'
        and events.customer_id is not null
        and events.occurred_at >= {{ dbt.dateadd('day', '-' ~ viewed_days, kept_since(trigger_name)) }}
    group by changes.product_id, changes.changed_at, events.customer_id
),

next_sales as (
    select views.product_id, views.changed_at, views.customer_id, min(lines.ordered_at) as ordered_at
    from views
    inner join {{ ref('fct_order_lines') }} as lines
        on views.customer_id = lines.customer_id
        and views.product_id = lines.product_id
        and views.viewed_at <= lines.ordered_at
    where lines.line_kind = 'sale'
    group by views.product_id, views.changed_at, views.customer_id
),

candidates as (
    select
        views.customer_id,
        views.viewed_at,
        changes.product_id,
        changes.changed_at,
        changes.old_price_amount,
        changes.new_price_amount,
        changes.drop_share as measure,
        cast(date_trunc('month', changes.changed_at) as date) as month,
        least(next_sales.ordered_at, reversals.undone_at) as fulfilled_at
    from views
    inner join changes on views.product_id = changes.product_id and views.changed_at = changes.changed_at
    left join next_sales
        on views.product_id = next_sales.product_id
        and views.changed_at = next_sales.changed_at
        and views.customer_id = next_sales.customer_id
    left join reversals on views.product_id = reversals.product_id and views.changed_at = reversals.changed_at
    where next_sales.ordered_at is null or next_sales.ordered_at >= views.changed_at
    qualify row_number() over (
        partition by views.customer_id, changes.product_id, date_trunc('month', changes.changed_at)
        order by
            case when least(next_sales.ordered_at, reversals.undone_at) is null then 0 else 1 end asc nulls last,
            changes.drop_share desc nulls last,
            changes.changed_at asc nulls last
    ) = 1
),

found as (
    select
        '{{ kind }}:' || customer_id || ':' || cast(month as string) || ':' || product_id as occasion_id,
        customer_id,
        product_id as subject_id,
        changed_at as occurred_at,
        fulfilled_at,
        measure,
        {{ json_text({
            'trigger': "'" ~ trigger_name ~ "'",
            'product_id': 'product_id',
            'viewed_at': 'cast(viewed_at as string)',
            'old_price_amount': 'old_price_amount',
            'new_price_amount': 'new_price_amount',
        }) }} as evidence
    from candidates
)

{{ occasions(trigger_name, 'found', at_least=at_least, names_customer=true) }}
{%- endmacro %}
