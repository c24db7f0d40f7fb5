{# Forecasts of which every publication is kept: one of them for each target. `target` lists the columns that say what is forecast,
   `values` those that are forecast. A publication stands until the next one of the same target. #}

{# The last publication of each target. #}
{% macro latest(model, target, values) -%}
{{ _standing(model, target, values) }}
where superseded_at is null
{%- endmacro %}

{# The publication of each target that stood `horizon_hours` before its instant `at`, an SQL expression. None that came later is looked
   at, so that a backtest sees what could be known. A target that nothing had been published for by then has no row. #}
{% macro as_of(model, target, values, at, horizon_hours) -%}
{%- set known_at = minutes_after(at, '-60 * ' ~ horizon_hours) -%}
{{ _standing(model, target, values, horizon_hours) }}
where published_at <= {{ known_at }} and (superseded_at is null or superseded_at > {{ known_at }})
{%- endmacro %}

{% macro _standing(model, target, values, horizon_hours=none) -%}
with published as (
    select
        *,
        lead(published_at) over (partition by {{ target | join(', ') }} order by published_at) as superseded_at
    from {{ model }}
)

select
    {{ (target + ['published_at'] + values) | join(',\n    ') }}
    {%- if horizon_hours is not none %},
    {{ horizon_hours }} as horizon_hours
    {%- endif %}
from published
{%- endmacro %}
