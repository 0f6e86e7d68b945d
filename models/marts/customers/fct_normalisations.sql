with stated as (

    select
        stated.source_name,
        stated.value_type,
        stated.value_as_given,
        stated.record_count,
        coalesce(
            nullif(concat_ws(',', nullif(stated.changes, ''), emails.changes, phones.changes), ''), 'unchanged'
        ) as changes
    from {{ ref('int_identity__stated') }} as stated
    left join {{ ref('int_identity__emails') }} as emails
        on stated.value_type = 'email' and stated.stated_value = emails.email
    left join {{ ref('int_identity__phones') }} as phones
        on stated.value_type = 'phone' and stated.stated_value = phones.phone

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
