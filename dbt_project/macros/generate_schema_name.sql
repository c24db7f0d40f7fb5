{# Schemas are the layers, verbatim: a table has one address on every machine. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ schema_prefix() ~ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}


{# Before every layer's name, for a project of BigQuery that is shared. Sources write the same, where macros cannot be called. #}
{% macro schema_prefix() %}{{ return(env_var('MILLRACE_BIGQUERY_PREFIX', '') if target.type == 'bigquery' else '') }}{% endmacro %}
