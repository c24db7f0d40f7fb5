-- A table: the mutation and the strict sale read it.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

select
    year,
    id_mutation,
    id_parcelle,
    lot1_numero,
    code_type_local,
    surface_reelle_bati_m2,
    nombre_pieces_principales,
    min({{ byte_order('type_local') }}) as type_local,
    min({{ byte_order('code_commune') }}) as code_commune,
    min({{ byte_order('code_departement') }}) as code_departement,
    count(*) as nb_lignes
from {{ ref('stg_dvf__mutations') }}
where code_type_local is not null
group by
    year, id_mutation, id_parcelle, lot1_numero, code_type_local, surface_reelle_bati_m2, nombre_pieces_principales
