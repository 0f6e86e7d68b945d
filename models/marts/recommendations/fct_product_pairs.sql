with baskets as (
    select relation, basket_id, product_id
    from {{ ref('fct_product_baskets') }}
    where not is_skipped
),

counts as (
    select relation, product_id, count(*) as basket_count
    from baskets
    group by relation, product_id
),

pairs as (
    select
        baskets.relation,
        baskets.product_id,
        partners.product_id as partner_product_id,
        count(*) as basket_count
    from baskets
    inner join baskets as partners
        on baskets.relation = partners.relation
        and baskets.basket_id = partners.basket_id
        and baskets.product_id <> partners.product_id
    group by baskets.relation, baskets.product_id, partners.product_id
    having count(*) >= {{ recommendation_setting('minimum_support') }}
),

-- What cannot be shown is nobody's partner, so that the closest that are kept are all of use. The score is the cosine similarity of the
-- two products' columns in the table of baskets, of ones and zeros: Linden, Smith and York, "Amazon.com Recommendations: Item-to-Item
-- Collaborative Filtering", IEEE Internet Computing 7(1), 2003.
scored as (
    select
        pairs.relation,
        pairs.product_id,
        pairs.partner_product_id,
        pairs.basket_count,
        cast(
            pairs.basket_count / sqrt(cast(own.basket_count as double) * cast(theirs.basket_count as double))
            as decimal(9, 6)
        ) as score
    from pairs
    inner join counts as own on pairs.relation = own.relation and pairs.product_id = own.product_id
    inner join counts as theirs on pairs.relation = theirs.relation and pairs.partner_product_id = theirs.product_id
    left join {{ ref('dim_products') }} as products on pairs.product_id = products.product_id
    inner join {{ ref('dim_recommendable_products') }} as partner_products
        on pairs.partner_product_id = partner_products.product_id
    where coalesce(products.product_group_id <> partner_products.product_group_id, true)
)

select
    relation,
    product_id,
    partner_product_id,
    basket_count,
    score,
    cast(row_number() over (
        partition by relation, product_id
        order by score desc nulls last, basket_count desc nulls last, partner_product_id asc nulls last
    ) as int) as partner_rank
from scored
qualify row_number() over (
    partition by relation, product_id
    order by score desc nulls last, basket_count desc nulls last, partner_product_id asc nulls last
) <= {{ recommendation_setting('maximum_partners') }}
