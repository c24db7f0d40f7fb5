{# Sales of property: the definitions that more than one model needs. #}

{# What the publisher's statistics count as a sale. Building land, exchanges and expropriations are not. #}
{% macro natures_of_sale() -%}
    ('Vente', '{{ dbt.escape_single_quotes("Vente en l'état futur d'achèvement") }}', 'Adjudication')
{%- endmacro %}

{# Price per square metre, EUR/m2. Doubles: quotients of decimals have another scale on every warehouse. Null without area. #}
{% macro price_per_m2(value, area) -%}
    (cast({{ value }} as {{ type_double() }}) / nullif(cast({{ area }} as {{ type_double() }}), 0))
{%- endmacro %}

{# The sales that the statistics are made of, by the definition that var dvf_variant names. #}
{% macro sales_of_variant() %}
    {%- set variant = var('dvf_variant', 'official') -%}
    {%- if variant not in ('official', 'strict') -%}
        {{ exceptions.raise_compiler_error("var dvf_variant is '" ~ variant ~ "'; write official or strict") }}
    {%- endif -%}
    {{ return(ref('int_dvf_' ~ variant ~ '_sale')) }}
{% endmacro %}

{# Number, mean and median of prices per square metre by area, type and period; written once for the month, the year and the whole.
   The columns and codes are those of the publisher's file, with the types below each other. A median is always one of sales:
   medians of smaller areas or shorter periods do not add up to it. #}
{% macro price_statistics(period=none) -%}
with statistics as (
    select
        echelle_geo,
        code_geo,
        {%- if period %}
        {{ period }},
        {%- endif %}
        type_bien,
        count(*) as nb_ventes,
        {{ exact_mean('prix_m2_eur') }} as moy_prix_m2_eur,
        {{ exact_median('prix_m2_eur') }} as med_prix_m2_eur
        {%- if not period %},
        min(min(annee_mois)) over () as premier_mois,
        max(max(annee_mois)) over () as dernier_mois
        {%- endif %}
    from {{ ref('int_dvf_sale_by_area') }}
    group by echelle_geo, code_geo, {{ period ~ ', ' if period }}type_bien
)

select
    statistics.code_geo,
    coalesce(communes.nom_commune, statistics.code_geo) as libelle_geo,
    case statistics.echelle_geo
        when 'nation' then '-'
        when 'departement' then 'nation'
        when 'commune' then {{ departement_of('statistics.code_geo') }}
        else substr(statistics.code_geo, 1, 5)
    end as code_parent,
    statistics.echelle_geo,
    {%- if period %}
    statistics.{{ period }},
    {%- else %}
    statistics.premier_mois,
    statistics.dernier_mois,
    {%- endif %}
    statistics.type_bien,
    statistics.nb_ventes,
    statistics.moy_prix_m2_eur,
    statistics.med_prix_m2_eur,
    '{{ var("dvf_variant", "official") }}' as variant
from statistics
left join {{ ref('int_dvf_commune') }} as communes
    on statistics.echelle_geo = 'commune'
    and communes.code_commune = statistics.code_geo
{%- endmacro %}

{# The departement in the code of a commune: three characters overseas, two elsewhere. #}
{% macro departement_of(code_commune) -%}
    case when {{ code_commune }} like '97%' then substr({{ code_commune }}, 1, 3) else substr({{ code_commune }}, 1, 2) end
{%- endmacro %}
