{# Rows of a relation, one per record of a JSON array in one of its columns, with the named keys as columns. A row without the array
   gives none. `keep` lists columns of the relation, `fields` gives for each key the name and type of its column. #}
{% macro json_record_rows(relation, keep, column, fields) %}{{ return(adapter.dispatch('json_record_rows')(relation, keep, column, fields)) }}{% endmacro %}

{% macro duckdb__json_record_rows(relation, keep, column, fields) -%}
    {{ _json_arrow_rows(relation, keep, fields, "unnest(from_json(" ~ column ~ ", '[\"JSON\"]'))") }}
{%- endmacro %}

{% macro postgres__json_record_rows(relation, keep, column, fields) -%}
    {{ _json_arrow_rows(relation, keep, fields, 'jsonb_array_elements(cast(' ~ column ~ ' as jsonb))') }}
{%- endmacro %}

{% macro _json_arrow_rows(relation, keep, fields, records) -%}
    select
        {{ keep | join(', ') }}
        {%- for key, (name, type) in fields.items() %},
        cast(records.record ->> '{{ key }}' as {{ type }}) as {{ name }}
        {%- endfor %}
    from {{ relation }}
    cross join lateral {{ records }} as records(record)
{%- endmacro %}

{% macro bigquery__json_record_rows(relation, keep, column, fields) -%}
    select
        {{ keep | join(', ') }}
        {%- for key, (name, type) in fields.items() %},
        cast(json_value(record, '$.{{ key }}') as {{ type }}) as {{ name }}
        {%- endfor %}
    from {{ relation }}
    cross join unnest(json_query_array({{ column }})) as record
{%- endmacro %}
