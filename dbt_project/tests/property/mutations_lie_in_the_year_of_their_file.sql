-- Statistics by month go by the date, by year by the file: the two agree while every deed is in the file of its year.
{{ config(severity='warn') }}

select year, id_mutation, date_mutation
from {{ ref('fct_mutation') }}
where extract(year from date_mutation) <> year
