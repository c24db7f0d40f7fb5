{# The path of a forecast over its publications: its number, how it changed from the one before, and whether it is the last.
   `target` lists the columns that say what is forecast, `value` is the column in MW. #}
{% macro revision_path(target, value) -%}
    {%- set before = 'over (partition by ' ~ target | join(', ') ~ ' order by published_at)' -%}
    row_number() {{ before }} as revision,
    {{ value }},
    {{ value }} - lag({{ value }}) {{ before }} as change_mw,
    lead(published_at) {{ before }} is null as is_latest
{%- endmacro %}
