{{ config(materialized='view') }}

with lines as (
    select
        *,
        case when quantity < 0 then 'return' else 'sale' end as line_kind,
        greatest(quantity, 0) as ordered_quantity,
        case
            when quantity < 0 then -quantity
            else quantity - least(greatest(coalesce(kept_quantity, quantity), 0), quantity)
        end as returned_quantity
    from {{ ref('stg_shop__order_lines') }}
),

amounts as (
    select
        *,
        cast(round(ordered_quantity * unit_price_amount, 2) as decimal(18, 2)) as gross_amount,
        cast(case when line_kind = 'sale' then discount_amount else 0 end as decimal(18, 2)) as given_discount_amount
    from lines
)

select
    order_line_id,
    order_id,
    product_id,
    title,
    line_kind,
    ordered_quantity as quantity,
    returned_quantity,
    ordered_quantity - returned_quantity as net_quantity,
    unit_price_amount,
    gross_amount,
    given_discount_amount as discount_amount,
    -- What comes back for a returned piece is what was paid for it, its share of the line's discount off.
    cast(case
        when line_kind = 'return' then round(returned_quantity * unit_price_amount, 2)
        when returned_quantity = 0 then 0
        else round(
            cast(returned_quantity * (gross_amount - given_discount_amount) as double) / nullif(ordered_quantity, 0), 2
        )
    end as decimal(18, 2)) as returned_amount,
    updated_at,
    source_file,
    source_line,
    extract_date
from amounts
