{# Computed while dbt compiles: a rule per holiday, no list to keep. -#}
{%- for year in range(1998, 2051) %}
{%- set last = loop.last %}
{%- for day, name in nerc_holidays(year) %}
select date '{{ day }}' as holiday_date, '{{ dbt.escape_single_quotes(name) }}' as holiday
{{ 'union all' if not (last and loop.last) }}
{%- endfor %}
{%- endfor %}
