#!/usr/bin/env bash
# From an event to a statement, by curl, against a running `make demo`.
set -euo pipefail
demo=${TOLLBOOK_RUN_DIR:-.run}/demo.json
get() { python3 -c 'import json,sys; d=json.load(sys.stdin)
for k in sys.argv[1:]: d=d[int(k)] if k.lstrip("-").isdigit() else d[k]
print(d if isinstance(d,str) else json.dumps(d))' "$@"; }
of() { get "$@" < "$demo"; }

url=$(of url) tenant=$(of tenants 0 slug) key=$(of tenants 0 key)
vendor=$(of vendor_key) maker=$(of tenants 0 finance_keys 0) approver=$(of tenants 0 finance_keys 1)
call() { curl -sS --fail-with-body -H "Authorization: Bearer $1" -H "Content-Type: ${type:-application/json}" "${@:2}"; }

# The month that ended last: the demo leaves it open, still in its grace.
month=${MONTH:-$(date -u -d "$(date -u +%Y-%m-01) -1 day" +%Y-%m)}
next=$(date -u -d "$month-01 +1 month" +%Y-%m)

echo "1. Three people use the community; one of them twice by the same event."
batch=$(for who in tour-ann tour-bob tour-eve tour-eve; do
  printf '{"specversion":"1.0","id":"%s","source":"/tour","type":"contribution.created","time":"%s-15T10:00:00Z","subject":"%s","data":{"kind":"answer","object_id":"%s"}},' "$who" "$month" "$who" "$who"
done)
type=application/cloudevents-batch+json call "$key" "$url/v1/events" -d "[${batch%,}]"; echo

echo "2. They are in the usage at once."
call "$key" "$url/v1/usage?meter=members.active&from=$month-01&to=$next-01&granularity=month"; echo

echo "3. The vendor bills $month without waiting for the grace to pass."
call "$vendor" -H "Tbk-Tenant: $tenant" "$url/v1/invoice-runs" -d "{\"period\":\"$month\",\"skip_grace\":true,\"reason\":\"the tour\"}"; echo

echo "4. The invoice."
invoice=$(call "$key" "$url/v1/invoices?period=$month" | get items 0)
id=$(get id <<< "$invoice")
echo "$invoice" | python3 -c 'import json,sys; i=json.load(sys.stdin); print(i["number"], i["gross"]["amount"], i["gross"]["currency"])'
call "$key" "$url/v1/invoices/$id.pdf" -o "${TMPDIR:-/tmp}/tollbook-invoice.pdf"

echo "5. Finance charges it back; another person approves; it is posted."
run=$(call "$maker" "$url/v1/chargeback/runs" -d "{\"period\":\"$month\"}" | get id)
call "$approver" -X POST "$url/v1/chargeback/runs/$run/approve" -d '{}' > /dev/null
call "$maker" -X POST "$url/v1/chargeback/runs/$run/post" -d '{}' > /dev/null

echo "6. The statements add up to the invoice."
call "$maker" "$url/v1/chargeback/statements?period=$month&limit=500" | python3 -c '
import json, sys
from decimal import Decimal
invoice = json.loads(sys.argv[1])
statements = json.load(sys.stdin)["items"]
for s in statements: print("   ", s["cost_centre"], s["gross"]["amount"])
total = sum(Decimal(s["gross"]["amount"]) for s in statements)
print("statements", total, "invoice", invoice["gross"]["amount"])
assert total == Decimal(invoice["gross"]["amount"])' "$invoice"
