with stated as (

    select distinct stated_value as email
    from {{ ref('int_identity__stated') }}
    where value_type = 'email'

),

-- Whatever comes before the last @ is the local part.
parts as (

    select
        email,
        nullif(regexp_extract(email, '^(.*)@[^@]*$', 1), '') as local_part,
        nullif(regexp_extract(email, '^.*@([^@]*)$', 1), '') as stated_domain
    from stated

),

domains as (

    select
        stated_domain,
        -- Most domains are plain ASCII and have their form already.
        case
            when regexp_extract(stated_domain, '[^!-~]|xn--', 0) <> '' then {{ idna_domain('stated_domain') }}
            else stated_domain
        end as domain
    from (select distinct stated_domain from parts where stated_domain is not null) as stated_domains

),

checked as (

    select
        parts.email,
        parts.local_part,
        parts.stated_domain,
        domains.domain,
        coalesce({{ is_email("parts.local_part || '@' || domains.domain") }}, false) as is_valid
    from parts
    left join domains on parts.stated_domain = domains.stated_domain

),

-- An empty cell is no separator, however the seed was loaded.
providers as (

    select domain, canonical_domain, ignores_dots, nullif(tag_separator, '') as tag_separator
    from {{ ref('email_providers') }}

),

canonical as (

    -- What is no address may be a slip of another person's: a provider's rules make nothing of it.
    select
        checked.*,
        coalesce({{ canonical_email('checked.local_part', 'checked.domain', 'providers') }}, checked.email) as email_key,
        providers.canonical_domain,
        providers.ignores_dots,
        providers.tag_separator
    from checked
    left join providers on checked.domain = providers.domain and checked.is_valid

)

select
    email,
    email_key,
    local_part,
    domain,
    is_valid,
    nullif(
        concat_ws(
            ',',
            case when domain <> stated_domain then 'idn' end,
            case when canonical_domain <> domain then 'domain_alias' end,
            case when local_part like '_%' || tag_separator || '%' then 'tag' end,
            case when ignores_dots and coalesce(nullif(split_part(local_part, tag_separator, 1), ''), local_part) like '%.%' then 'dots' end,
            case when not is_valid then 'not_an_address' end
        ),
        ''
    ) as changes
from canonical
