{% set scales = {'nation': "'nation'", 'departement': 'code_departement', 'commune': 'code_commune'} %}

with placed as (
    {% for scale, code in scales.items() %}
    select
        '{{ scale }}' as echelle_geo,
        {{ code }} as code_geo,
        year,
        nature_mutation,
        valeur_fonciere_eur,
        is_multi_commune
    from {{ ref('int_dvf_mutation') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

volumes as (
    select
        echelle_geo,
        code_geo,
        year,
        nature_mutation,
        count(*) as nb_mutations,
        count(valeur_fonciere_eur) as nb_avec_valeur,
        sum(valeur_fonciere_eur) as valeur_fonciere_eur,
        count(case when is_multi_commune then 1 end) as nb_multi_commune
    from placed
    group by echelle_geo, code_geo, year, nature_mutation
)

select
    volumes.code_geo,
    coalesce(communes.nom_commune, volumes.code_geo) as libelle_geo,
    volumes.echelle_geo,
    volumes.year,
    volumes.nature_mutation,
    volumes.nb_mutations,
    volumes.nb_avec_valeur,
    volumes.valeur_fonciere_eur,
    volumes.nb_multi_commune,
    cast(volumes.nb_multi_commune as {{ type_double() }}) / volumes.nb_mutations as part_multi_commune
from volumes
left join {{ ref('int_dvf_commune') }} as communes
    on volumes.echelle_geo = 'commune'
    and communes.code_commune = volumes.code_geo
