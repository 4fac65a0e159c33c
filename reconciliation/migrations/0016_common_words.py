"""Words that many lines have are looked for down the newest lines, without the index of trigrams."""

from importlib import import_module

from django.db import migrations

# Numbered modules have no name that an import statement could say.
_BEFORE = import_module("reconciliation.migrations.0012_search_of_lines")
WORDS, FOUND = _BEFORE.WORDS, _BEFORE.FOUND

HAS_ALL = "(SELECT bool_and(strpos(said, word) > 0) FROM unnest($1) AS word)"
NEWEST = f"""
    SELECT id, booked_on, {WORDS} AS said FROM reconciliation_bankline
     WHERE tenant_id = $7 AND ($2 IS NULL OR status = ANY ($2)) AND ($3 IS NULL OR bank_account_id = $3)
       AND ($4 IS NULL OR booked_on >= $4) AND ($5 IS NULL OR booked_on < $5)
     ORDER BY booked_on DESC, id DESC"""  # noqa: S608 - the words of the index, nothing from outside

# The trigrams of a line take much longer than its words: where a quarter of the newest lines has them, the wanted number
# is found among eight times as many, by their words alone. Otherwise, and for what few lines have, the index is asked.
FOUND_SOONER = f"""
CREATE OR REPLACE FUNCTION reconciliation_lines_with(
  words text[], statuses text[], account uuid, first_on date, before date, most integer)
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  tenant uuid := NULLIF(current_setting('portal.tenant', true), '')::uuid;
  common integer;
  newest uuid[];
BEGIN
  EXECUTE $query$ SELECT count(*) FROM ({NEWEST} LIMIT 200) AS near WHERE {HAS_ALL} $query$
    INTO common USING words, statuses, account, first_on, before, most, tenant;
  IF common >= 50 THEN
    EXECUTE $query$
      SELECT array(SELECT id FROM ({NEWEST} LIMIT 8 * $6) AS near WHERE {HAS_ALL}
                    ORDER BY booked_on DESC, id DESC LIMIT $6) $query$
      INTO newest USING words, statuses, account, first_on, before, most, tenant;
    IF cardinality(newest) = most THEN
      RETURN QUERY SELECT unnest(newest);
      RETURN;
    END IF;
  END IF;
  -- EXECUTE plans for these very words.
  RETURN QUERY EXECUTE $query$
    SELECT id FROM reconciliation_bankline
     WHERE tenant_id = $7
       AND ($8 = '{{}}' OR reconciliation_trigrams({WORDS}) @> $8)
       AND (SELECT bool_and(strpos({WORDS}, word) > 0) FROM unnest($1) AS word)
       AND ($2 IS NULL OR status = ANY ($2)) AND ($3 IS NULL OR bank_account_id = $3)
       AND ($4 IS NULL OR booked_on >= $4) AND ($5 IS NULL OR booked_on < $5)
     ORDER BY booked_on DESC, id DESC LIMIT $6
  $query$ USING words, statuses, account, first_on, before, most, tenant,
    array(SELECT part FROM unnest(words) AS word, unnest(reconciliation_trigrams(word)) AS part);
END
$$
"""  # noqa: S608 - as above


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0015_far_pages"),
        ("tenants", "0004_audit_trail"),
    ]

    operations = [
        migrations.RunSQL(FOUND_SOONER, FOUND.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")),
    ]
