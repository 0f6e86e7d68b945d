{{ config(materialized='view') }}

select
    order_id,
    order_number,
    {{ first_node({'order_customer_id': 'contact_id', 'email': 'email', 'phone': 'phone', 'cart_token': 'cart_id'}) }} as node_id,
    cart_id,
    currency,
    financial_status,
    is_test,
    ordered_at,
    cancelled_at,
    updated_at,
    source_file,
    source_line,
    extract_date
from {{ ref('stg_shop__orders') }}
