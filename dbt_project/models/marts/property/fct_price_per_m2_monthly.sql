{{ price_statistics(period='annee_mois') }}
