{# Straight segments of a level over time. Seconds count from the start of the settlement period. #}

{# The level in MW at a second of a straight segment. #}
{% macro level_at(second, from_second, to_second, level_from_mw, level_to_mw) -%}
    ({{ level_from_mw }} + ({{ level_to_mw }} - {{ level_from_mw }}) * ({{ second }} - {{ from_second }}) / ({{ to_second }} - {{ from_second }}))
{%- endmacro %}

{# Energy in MWh of a straight segment: the trapezoid. #}
{% macro segment_mwh(seconds, level_from_mw, level_to_mw) -%}
    (({{ level_from_mw }} + {{ level_to_mw }}) / 2 * ({{ seconds }}) / 3600)
{%- endmacro %}

{# Energy in MWh of the part of a straight segment above zero; where it crosses zero that part is a triangle. #}
{% macro positive_segment_mwh(seconds, level_from_mw, level_to_mw) -%}
    {%- set high = 'greatest(' ~ level_from_mw ~ ', ' ~ level_to_mw ~ ')' -%}
    {%- set low = 'least(' ~ level_from_mw ~ ', ' ~ level_to_mw ~ ')' -%}
    case
        when {{ high }} <= 0 then 0
        when {{ low }} >= 0 then {{ segment_mwh(seconds, level_from_mw, level_to_mw) }}
        else {{ segment_mwh(seconds ~ ' * ' ~ high ~ ' / (' ~ high ~ ' - ' ~ low ~ ')', high, '0') }}
    end
{%- endmacro %}
