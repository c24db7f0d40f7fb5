{# Labels are JSON objects of texts. Dispatched: no two warehouses agree on one function of JSON. #}

{# Rows (label_text, label_key, label_value) of the label texts in a relation. #}
{% macro label_entries(relation) %}{{ return(adapter.dispatch('label_entries')(relation)) }}{% endmacro %}

{% macro duckdb__label_entries(relation) -%}
    select label_text, entry.key as label_key, entry.value as label_value
    from (
        select label_text, unnest(map_entries(cast(cast(label_text as json) as map(varchar, varchar)))) as entry
        from {{ relation }}
    ) as entries
{%- endmacro %}

{% macro postgres__label_entries(relation) -%}
    select texts.label_text, entry.key as label_key, entry.value as label_value
    from {{ relation }} as texts
    cross join lateral jsonb_each_text(cast(texts.label_text as jsonb)) as entry
{%- endmacro %}

{% macro bigquery__label_entries(relation) -%}
    select texts.label_text, label_key, lax_string(parse_json(texts.label_text)[label_key]) as label_value
    from {{ relation }} as texts
    cross join unnest(json_keys(parse_json(texts.label_text), 1)) as label_key
{%- endmacro %}


{# A text as JSON writes it, quotes included. #}
{% macro json_text(column) %}{{ return(adapter.dispatch('json_text')(column)) }}{% endmacro %}

{% macro duckdb__json_text(column) %}cast(to_json({{ column }}) as varchar){% endmacro %}

{% macro postgres__json_text(column) %}cast(to_json({{ column }}) as text){% endmacro %}

{% macro bigquery__json_text(column) %}to_json_string({{ column }}){% endmacro %}


{# The object of a group's keys and values, its keys in byte order: equal labels are equal text, which JSON types do not promise. #}
{% macro json_object_of(key, value) -%}
    '{' || string_agg({{ json_text(key) }} || ':' || {{ json_text(value) }}, ',' order by {{ byte_order(key) }}) || '}'
{%- endmacro %}
