-- UCI Online Retail, one row per invoice line. The file has no line number, so a line is known by its place in its day's file.
select
    concat_ws('-', InvoiceNo, source_line) as id,
    InvoiceNo as order_id,
    StockCode as product_id,
    StockCode as sku,
    Description as title,
    Quantity as quantity,
    UnitPrice as price,
    InvoiceDate as updated_at,
    source_line
from stock
