{# Statistics of a group that do not depend on the order of its rows: the same table on every run and every warehouse. #}

{# The mean of prices, as a sum of whole millionths: a sum of doubles ends in other bits for every order of the rows.
   Up to 9e12 as a sum, which is a thousand times all sales of ten years. #}
{% macro exact_mean(column) -%}
    (cast(sum(cast(floor({{ column }} * 1000000 + 0.5) as {{ dbt.type_bigint() }})) as {{ type_double() }})
    / (1000000 * count({{ column }})))
{%- endmacro %}


{# Exact quantiles are dispatched: BigQuery has them as windows over all rows only, so there they are taken from a sorted array. #}

{# The middle value, or half the sum of the two in the middle: the last bit is the same everywhere. Null without values. #}
{% macro exact_median(column) %}{{ return(adapter.dispatch('exact_median')(column)) }}{% endmacro %}

{% macro duckdb__exact_median(column) %}median({{ column }}){% endmacro %}

{# Not percentile_cont: it adds half the difference to the lower value, and that rounds once more. #}
{% macro postgres__exact_median(column) -%}
    ((percentile_disc(0.5) within group (order by {{ column }})
    + percentile_disc(0.5) within group (order by {{ column }} desc)) / 2)
{%- endmacro %}

{% macro bigquery__exact_median(column) -%}
    ((array_agg({{ column }} ignore nulls order by {{ column }})[safe_offset(div(count({{ column }}) - 1, 2))]
    + array_agg({{ column }} ignore nulls order by {{ column }})[safe_offset(div(count({{ column }}), 2))]) / 2)
{%- endmacro %}


{# A quantile, straight between the two values beside it (type 7, what spreadsheets do). Equal everywhere but for the last bits. #}
{% macro exact_quantile(column, share) %}{{ return(adapter.dispatch('exact_quantile')(column, share)) }}{% endmacro %}

{% macro duckdb__exact_quantile(column, share) %}quantile_cont({{ column }}, {{ share }}){% endmacro %}

{% macro postgres__exact_quantile(column, share) %}percentile_cont({{ share }}) within group (order by {{ column }}){% endmacro %}

{% macro bigquery__exact_quantile(column, share) -%}
    {%- set place = share ~ ' * (count(' ~ column ~ ') - 1)' -%}
    {%- set sorted = 'array_agg(' ~ column ~ ' ignore nulls order by ' ~ column ~ ')' -%}
    {%- set lower = sorted ~ '[safe_offset(cast(floor(' ~ place ~ ') as int64))]' -%}
    {%- set upper = sorted ~ '[safe_offset(cast(ceil(' ~ place ~ ') as int64))]' -%}
    ({{ lower }} + ({{ upper }} - {{ lower }}) * ({{ place }} - floor({{ place }})))
{%- endmacro %}
