{% set scales = {
    'nation': "'nation'",
    'departement': 'code_departement',
    'commune': 'code_commune',
    'section': 'substr(id_parcelle, 1, 10)',
} %}

with typed as (
    select
        year,
        substr(cast(date_mutation as {{ dbt.type_string() }}), 1, 7) as annee_mois,
        id_mutation,
        code_departement,
        code_commune,
        id_parcelle,
        case code_type_local when '1' then 'maison' when '2' then 'appartement' else 'local' end as type_bien,
        prix_m2_eur
    from {{ sales_of_variant() }}
),

-- Houses and flats count a second time, together.
counted as (
    select year, annee_mois, id_mutation, code_departement, code_commune, id_parcelle, type_bien, prix_m2_eur
    from typed
    union all
    select year, annee_mois, id_mutation, code_departement, code_commune, id_parcelle, 'apt_maison' as type_bien, prix_m2_eur
    from typed
    where type_bien in ('maison', 'appartement')
)

{% for scale, code in scales.items() %}
select
    '{{ scale }}' as echelle_geo,
    {{ code }} as code_geo,
    year,
    annee_mois,
    type_bien,
    id_mutation,
    prix_m2_eur
from counted
{{ 'union all' if not loop.last }}
{% endfor %}
