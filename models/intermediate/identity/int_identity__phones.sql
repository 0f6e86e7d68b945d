{%- set default_country = var('default_country', none) -%}

with countries as (

    select * from {{ ref('phone_countries') }}

),

stated as (

    select
        stated_value as phone,
        split_part(stated_value, ' ', 1) as digits,
        nullif(substring(stated_value, length(split_part(stated_value, ' ', 1)) + 2), '') as country
    from (
        select distinct stated_value
        from {{ ref('int_identity__stated') }}
        where value_type = 'phone' and stated_value is not null
    ) as phones

),

placed as (

    select
        phone,
        digits,
        case
            when country is not null then {{ normalise_country('country') }}
            {%- if default_country %}
            else '{{ default_country | upper }}'
            {%- endif %}
        end as country_code
    from stated

),

international_prefixes as (

    select country_code, part as prefix
    from {{ explode_from('countries', 'international_prefixes', ' ') }}
    where part <> ''

),

dialled_abroad as (

    select placed.phone, max(length(international_prefixes.prefix)) as prefix_length
    from placed
    inner join international_prefixes
        on placed.country_code = international_prefixes.country_code
        and placed.digits like international_prefixes.prefix || '%'
    group by placed.phone

),

-- 00 is most countries' prefix, and people write it for abroad wherever they are.
read as (

    select
        placed.*,
        case
            when placed.digits like '+%' then substring(placed.digits, 2)
            when dialled_abroad.prefix_length is not null then substring(placed.digits, dialled_abroad.prefix_length + 1)
            when placed.digits like '00%' then substring(placed.digits, 3)
        end as international_digits
    from placed
    left join dialled_abroad on placed.phone = dialled_abroad.phone

),

national as (

    select
        read.phone,
        countries.country_code,
        countries.calling_code,
        case
            when read.digits like countries.calling_code || '%'
                then substring(read.digits, length(countries.calling_code) + 1)
        end as digits_after_code,
        {{ e164('read.digits', 'countries') }} as with_code_added,
        {{ e164('digits_after_code', 'countries') }} as with_code_found,
        -- Where either reading may be meant: unusually long is the one that took the calling code for a part of the number.
        with_code_added is not null and with_code_found is not null as is_ambiguous,
        is_ambiguous and length(read.digits) > countries.usual_length as is_too_long,
        -- Of the usual length, the one counts that looks like a number of the country.
        '^[+]' || countries.calling_code || '('
            || case when is_ambiguous and not is_too_long then countries.national_pattern end || ')$' as pattern,
        case
            when is_too_long then with_code_found
            when regexp_extract(with_code_added, pattern, 0) = '' and regexp_extract(with_code_found, pattern, 0) <> ''
                then with_code_found
            else coalesce(with_code_added, with_code_found)
        end as phone_key,
        case when phone_key = '+' || read.digits then 'plus_added' else 'national_to_e164' end as change
    from read
    inner join countries on read.country_code = countries.country_code
    where read.international_digits is null

),

-- No calling code is the beginning of another, so that a number has one at most.
codes as (

    {% for length in [1, 2, 3] -%}
    select
        phone,
        digits,
        substring(international_digits, 1, {{ length }}) as calling_code,
        substring(international_digits, {{ length + 1 }}) as national_digits
    from read
    where international_digits is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

international as (

    select
        codes.phone,
        countries.country_code,
        countries.calling_code,
        {{ e164("codes.national_digits", 'countries') }} as phone_key,
        case
            when codes.digits not like '+%' then 'international_prefix'
            when phone_key <> codes.digits then 'national_prefix_dropped'
        end as change
    from codes
    inner join countries on codes.calling_code = countries.calling_code and countries.is_main

),

numbers as (

    select phone, country_code, calling_code, phone_key, change from national where phone_key is not null
    union all
    select phone, country_code, calling_code, phone_key, change from international where phone_key is not null

),

regions as (

    select calling_code, country_code, '+' || calling_code || part as beginning
    from {{ explode_from('countries', 'leading_digits', ' ') }}
    where part <> ''

)

select
    read.phone,
    numbers.phone_key,
    nullif(coalesce(regions.country_code, numbers.country_code), '001') as country_code,
    case
        when numbers.phone_key is not null then numbers.change
        when read.country_code is null and read.international_digits is null then 'no_country'
        else 'not_a_number'
    end as changes
from read
left join numbers on read.phone = numbers.phone
left join regions on numbers.calling_code = regions.calling_code and numbers.phone_key like regions.beginning || '%'
