{# Shares and totals of generation_mwh at a grain: written once for the half-hour and the day. Only fuels that put power in count as
   generation; interconnectors are trade, and a fuel that takes power (pumping) gets a negative share. #}
{% macro generation_mix(grain) -%}
    {%- set generates = 'not is_interconnector and generation_mwh > 0' -%}
    {%- set over = 'over (partition by ' ~ grain ~ ')' -%}
    {%- set total = 'sum(case when ' ~ generates ~ ' then generation_mwh end) ' ~ over -%}
    case when not is_interconnector then generation_mwh / {{ total }} end as generation_share,
    {{ total }} as total_generation_mwh,
    sum(case when is_interconnector then generation_mwh end) {{ over }} as net_import_mwh,
    sum(case when {{ generates }} and is_low_carbon then generation_mwh else 0 end) {{ over }}
        / {{ total }} as low_carbon_share
{%- endmacro %}
