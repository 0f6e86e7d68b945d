select
    {{ as_of_date() }} as as_of_date,
    relation,
    count(distinct basket_id) as basket_count,
    count(distinct case when is_skipped then basket_id end) as skipped_count
from {{ ref('fct_product_baskets') }}
group by relation
