select
    year,
    id_mutation,
    id_parcelle,
    code_nature_culture,
    surface_terrain_m2,
    min({{ byte_order('nature_culture') }}) as nature_culture,
    min({{ byte_order('code_commune') }}) as code_commune,
    min({{ byte_order('code_departement') }}) as code_departement,
    count(*) as nb_lignes
from {{ ref('stg_dvf__mutations') }}
where code_nature_culture is not null or surface_terrain_m2 is not null
group by year, id_mutation, id_parcelle, code_nature_culture, surface_terrain_m2
