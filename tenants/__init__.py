"""Who: vendor, legal entities, tenants, people, cost centres, users, keys, audit trail."""
