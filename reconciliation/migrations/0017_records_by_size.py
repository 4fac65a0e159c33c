"""Records that a person may choose for a bank line are found by amount through an index, among millions of them."""

from django.db import migrations

DOCUMENTS = "('invoices', 'credit_notes', 'bills', 'vendor_credits')"
RECORDED = "('payments', 'bill_payments', 'expenses', 'bank_transactions')"
# Of a document what is open counts; an unapplied rest says nothing about a recorded payment.
SIZE = f"(CASE WHEN resource IN {DOCUMENTS} THEN abs(open_amount) ELSE abs(amount) END)"
WORTH = f"""deleted_at IS NULL AND amount IS NOT NULL
  AND (resource IN {RECORDED} OR resource IN {DOCUMENTS} AND open_amount <> 0)"""
INDEX = f"""CREATE INDEX record_by_size ON integrations_ledgerrecord (connection_id, currency, {SIZE}, issued_on)
  WHERE {WORTH}"""

# As row-level security lets no comparison of numbers go before its own rule, the function reads as the owner and holds
# itself to the tenant of the running scope, like the search of lines. What matches use up whole, and what approvals
# posted, is passed over on the way, so that a thousand used equal payments do not hide the one that is free.
_FREE = f"""r.tenant_id = $1 AND r.connection_id = $2 AND r.currency = $3 AND {WORTH}
  AND (r.resource IN {RECORDED} OR r.resource = ANY ($4))
  AND NOT (r.resource = 'bank_transactions' AND r.amount * $5 < 0)
  AND NOT EXISTS (SELECT 1 FROM integrations_posting p
                   WHERE p.record_id = r.id AND p.connection_id = $2 AND p.origin_kind = 'match')
  AND NOT EXISTS (SELECT 1 FROM reconciliation_matchentry e JOIN reconciliation_match m ON m.id = e.match_id
                   WHERE e.record_id = r.id AND m.ended_at IS NULL AND r.resource IN {RECORDED}
                     AND abs(e.amount) >= abs(r.amount))"""  # noqa: S608 - nothing from outside
_ROWS = f"SELECT r.id, {SIZE} AS size, r.issued_on FROM integrations_ledgerrecord r WHERE {_FREE}"  # noqa: S608
NEAR = f"""
CREATE FUNCTION reconciliation_records_near(
  connection uuid, coin text, documents text[], wanted numeric, day date, most integer)
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  RETURN QUERY EXECUTE $query$
    SELECT id FROM (
      ({_ROWS} AND {SIZE} = abs($5) AND issued_on <= $6 ORDER BY {SIZE} DESC, issued_on DESC LIMIT $7) UNION ALL
      ({_ROWS} AND {SIZE} = abs($5) AND issued_on > $6 ORDER BY {SIZE}, issued_on LIMIT $7) UNION ALL
      ({_ROWS} AND {SIZE} > abs($5) ORDER BY {SIZE}, issued_on LIMIT $7) UNION ALL
      ({_ROWS} AND {SIZE} < abs($5) ORDER BY {SIZE} DESC, issued_on DESC LIMIT $7)
    ) AS near
    ORDER BY abs(size - abs($5)), abs(issued_on - $6), id LIMIT $7
  $query$ USING NULLIF(current_setting('portal.tenant', true), '')::uuid, connection, coin, documents, wanted, day, most;
END
$$
"""  # noqa: S608


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0008_what_changed_when'),
        ('reconciliation', '0016_common_words'),
    ]

    operations = [
        migrations.RunSQL(INDEX, "DROP INDEX record_by_size"),
        migrations.RunSQL(NEAR, "DROP FUNCTION reconciliation_records_near(uuid, text, text[], numeric, date, integer)"),
    ]
