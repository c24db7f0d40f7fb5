select
    prices.iso,
    prices.market,
    lower(prices.run) as run,
    prices.region,
    prices.product_native,
    coalesce(products.product, 'other') as product,
    prices.interval_start_at,
    prices.interval_end_at,
    prices.interval_minutes,
    prices.delivery_date,
    prices.price_usd_per_mw,
    coalesce(products.price_unit, 'USD/MW-h') as price_unit,
    prices.requirement_mw,
    prices.cleared_mw
from {{ ref('int_us_as_price') }} as prices
left join {{ ref('as_products') }} as products
    on products.iso = prices.iso
    and products.product_native = prices.product_native
