{#- The reasons fct_campaign_checks has a column is_<reason> for, but for the contest among those that nothing else stops. -#}
{% macro decision_checks() -%}
    {{ return([
        'erased', 'no_consent', 'consent_withdrawn', 'consent_denied', 'consent_expired',
        'no_email_address', 'invalid_email_address', 'role_address', 'disposable_address',
        'unsubscribed', 'hard_bounced', 'complained', 'no_profiling_consent',
        'under_minimum_age', 'switched_off', 'already_sent', 'segment_too_small',
        'occasion_cancelled', 'occasion_fulfilled', 'occasion_pending', 'occasion_expired', 'nothing_to_show', 'quiet_hours',
        'global_holdout', 'campaign_holdout', 'frequency_capped', 'over_class_cap'
    ]) }}
{%- endmacro %}
