-- UCI Online Retail, one row per invoice line, to one row per invoice. An invoice that starts with C cancels goods: its lines are
-- returns, so it is an order of its own with negative quantities. Shop time is taken as UTC.
select
    InvoiceNo as id,
    InvoiceNo as order_number,
    -- Customers come as "17850.0".
    any_value(nullif(split_part(CustomerID, '.', 1), '')) as customer_id,
    'GBP' as currency,
    any_value(Country) as shipping_country,
    'paid' as financial_status,
    min(InvoiceDate) as created_at,
    max(InvoiceDate) as updated_at,
    min(source_line) as source_line
from stock
group by InvoiceNo
