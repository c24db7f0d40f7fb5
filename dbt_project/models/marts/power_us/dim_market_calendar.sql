-- A view, as fct_lmp.
{{ config(materialized='view') }}

select
    iso,
    hour_start_at,
    time_zone,
    delivery_date,
    hour_ending,
    is_repeated_hour,
    hours_in_day,
    weekday,
    case when is_nerc_holiday then 'holiday' when weekday = 7 then 'sunday' when weekday = 6 then 'saturday' else 'weekday' end as day_type,
    holiday,
    is_nerc_holiday,
    is_on_peak
from {{ ref('int_us_market_hour') }}
