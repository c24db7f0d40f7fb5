{# Schemas are the layers, verbatim: a table has one address on every machine. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
