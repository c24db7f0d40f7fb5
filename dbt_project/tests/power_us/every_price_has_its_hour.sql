-- Marts of prices take their hours from the calendar: fails with a price of a time that it does not have, which none would show.
select prices.iso, prices.market, prices.location_id, prices.interval_start_at
from {{ ref('int_us_price') }} as prices
left join {{ ref('int_us_market_hour') }} as calendar
    on calendar.iso = prices.iso
    and calendar.hour_start_at = prices.hour_start_at
where calendar.iso is null
