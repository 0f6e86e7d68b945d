with contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

consents as (

    select * from {{ ref('stg_crm__consents') }}

),

orders as (

    select * from {{ ref('stg_shop__orders') }}

),

web_events as (

    select * from {{ ref('stg_web__events') }}

),

email_events as (

    select * from {{ ref('stg_esp__events') }}

),

given as (

    select 'crm.contacts' as source_name, 'email' as value_type, email_as_given as value_as_given, email as stated_value
    from contacts

    union all

    select 'crm.contacts', 'email', part, {{ normalise_email('part') }}
    from {{ explode_from('contacts', 'additional_emails_as_given', ';') }}

    union all

    select 'crm.contacts', 'phone', phone_as_given, phone from contacts

    union all

    select 'crm.contacts', 'country', coalesce(country_code, country_name), cast(null as string) from contacts

    union all

    select 'crm.consents', 'email', email_as_given, email from consents

    union all

    select 'shop.orders', 'email', email_as_given, email from orders

    union all

    select 'shop.orders', 'phone', phone_as_given, phone from orders

    union all

    select 'shop.orders', 'country', shipping_country, cast(null as string) from orders

    union all

    select 'web.events', 'email', email_as_given, email from web_events

    union all

    select 'web.events', 'phone', phone_as_given, phone from web_events

    union all

    select 'esp.events', 'email', email_as_given, email from email_events

),

counted as (

    select source_name, value_type, value_as_given, stated_value, count(*) as record_count
    from given
    where {{ clean_text('value_as_given') }} is not null
    group by source_name, value_type, value_as_given, stated_value

),

-- Countries apart: they are few, and to look for one in each address takes longer than all the rest.
placed as (

    select source_name, value_type, value_as_given, stated_value, record_count
    from counted
    where value_type <> 'country'

    union all

    select source_name, value_type, value_as_given, {{ normalise_country('value_as_given') }}, record_count
    from counted
    where value_type = 'country'

)

select
    source_name,
    value_type,
    value_as_given,
    stated_value,
    record_count,
    case
        when value_type = 'email' and value_as_given <> stated_value then 'spaces_or_case'
        when value_type = 'phone' then
            concat_ws(
                ',',
                case when {{ phone_extension('value_as_given') }} is not null then 'extension_dropped' end,
                case
                    when stated_value is null then 'not_a_number'
                    when not contains(value_as_given, split_part(stated_value, ' ', 1)) then 'spaces_or_punctuation'
                end
            )
        when value_type = 'country' and stated_value is null then 'not_a_country'
        when value_type = 'country' and upper(trim(value_as_given)) <> stated_value then 'name_to_code'
        when value_type = 'country' and value_as_given <> stated_value then 'spaces_or_case'
    end as changes
from placed
