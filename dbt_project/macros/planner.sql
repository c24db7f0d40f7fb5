{# Postgres plans with the statistics of a table, and a new one has none until it has been analysed: a join of two new tables may
   then compare every row with every row. Empty elsewhere, and then dbt skips the hook. #}
{% macro analyse(relation) %}{% if target.type == 'postgres' %}analyze {{ relation }}{% endif %}{% endmacro %}
