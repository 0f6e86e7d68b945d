-- Joined by kind and value at once: a condition on the kind alone is none that a join can look up.
with normalised as (

    select 'email' as value_type, email as stated_value, changes from {{ ref('int_identity__emails') }}

    union all

    select 'phone', phone, changes from {{ ref('int_identity__phones') }}

),

stated as (

    select
        stated.source_name,
        stated.value_type,
        stated.value_as_given,
        stated.record_count,
        coalesce(
            nullif(concat_ws(',', nullif(stated.changes, ''), normalised.changes), ''), 'unchanged'
        ) as changes
    from {{ ref('int_identity__stated') }} as stated
    left join normalised
        on stated.value_type = normalised.value_type and stated.stated_value = normalised.stated_value

)

select
    {{ as_of_date() }} as as_of_date,
    source_name,
    value_type,
    part as change,
    count(*) as value_count,
    cast(sum(record_count) as bigint) as record_count
from {{ explode_from('stated', 'changes', ',') }}
group by source_name, value_type, part
