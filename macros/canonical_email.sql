{#-
    The one address of a mailbox that several spellings reach: `provider` is a row of email_providers, whose columns are null where
    the domain is no provider's. An address that begins with a tag keeps it.
-#}
{% macro canonical_email(local_part, domain, provider) -%}
    {%- set untagged -%}
    coalesce(nullif(split_part({{ local_part }}, {{ provider }}.tag_separator, 1), ''), {{ local_part }})
    {%- endset -%}
    case when {{ provider }}.ignores_dots then replace({{ untagged }}, '.', '') else {{ untagged }} end
    || '@' || coalesce({{ provider }}.canonical_domain, {{ domain }})
{%- endmacro %}
