{# Rows n = first .. last: dbt's date_spine asks the warehouse while it compiles, this does not. #}
{% macro number_rows(first, last) %}{{ return(adapter.dispatch('number_rows')(first, last)) }}{% endmacro %}

{% macro default__number_rows(first, last) %}select n from generate_series({{ first }}, {{ last }}) as numbers(n){% endmacro %}

{% macro bigquery__number_rows(first, last) %}select n from unnest(generate_array({{ first }}, {{ last }})) as n{% endmacro %}


{# 64-bit floating point: dbt's type_float is 32 bits wide on DuckDB. #}
{% macro type_double() %}{{ return(adapter.dispatch('type_double')()) }}{% endmacro %}

{% macro default__type_double() %}double precision{% endmacro %}

{% macro bigquery__type_double() %}float64{% endmacro %}


{# Text in byte order: Postgres would sort by the language of its database, and then pick other rows. #}
{% macro byte_order(column) %}{{ return(adapter.dispatch('byte_order')(column)) }}{% endmacro %}

{% macro default__byte_order(column) %}{{ column }}{% endmacro %}

{% macro postgres__byte_order(column) %}{{ column }} collate "C"{% endmacro %}
