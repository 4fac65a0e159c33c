"""Bank lines are found by text and by amount through indexes, also where there are millions of them."""

import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.math
from django.db import migrations, models


# The words of a line in runs of three characters, as the extension pg_trgm makes them; that is not everywhere.
TRIGRAMS = """
CREATE FUNCTION reconciliation_trigrams(words text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ SELECT array(SELECT substr(words, at, 3) FROM generate_series(1, length(words) - 2) AS at) $$
"""
WORDS = "lower(counterparty || ' ' || description || ' ' || reference || ' ' || external_id)"
INDEX = f"CREATE INDEX bank_line_words ON reconciliation_bankline USING gin (reconciliation_trigrams({WORDS}))"

# Row-level security lets no LIKE go before its own rule, so that an index of texts would never be used. This function
# reads as the owner, and holds itself to the tenant of the running scope, as the rule does: without one it finds nothing.
# Words come in lower case and all have to occur; NULL asks for any status, account or day. The newest come first.
FOUND = f"""
CREATE FUNCTION reconciliation_lines_with(
  words text[], statuses text[], account uuid, first_on date, before date, most integer)
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  -- EXECUTE plans for these very words: rare ones by the index of trigrams, common ones down the newest lines.
  RETURN QUERY EXECUTE $query$
    SELECT id FROM reconciliation_bankline
     WHERE tenant_id = $7
       AND ($8 = '{{}}' OR reconciliation_trigrams({WORDS}) @> $8)
       AND (SELECT bool_and(strpos({WORDS}, word) > 0) FROM unnest($1) AS word)
       AND ($2 IS NULL OR status = ANY ($2)) AND ($3 IS NULL OR bank_account_id = $3)
       AND ($4 IS NULL OR booked_on >= $4) AND ($5 IS NULL OR booked_on < $5)
     ORDER BY booked_on DESC, id DESC LIMIT $6
  $query$ USING words, statuses, account, first_on, before, most,
    NULLIF(current_setting('portal.tenant', true), '')::uuid,
    array(SELECT part FROM unnest(words) AS word, unnest(reconciliation_trigrams(word)) AS part);
END
$$
"""  # noqa: S608 - the words of the index, nothing from outside


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0006_kept_files'),
        ('reconciliation', '0011_proof_of_automatic'),
        ('tenants', '0004_audit_trail'),
    ]

    operations = [
        migrations.AddField(
            model_name='bankline',
            name='cents',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Cast(django.db.models.expressions.CombinedExpression(django.db.models.functions.math.Abs('amount'), '*', models.Value(100)), models.BigIntegerField()), help_text='The unsigned amount in hundredths: an index on numbers is not used under row-level security, whose rules let only comparisons that cannot leak (of integers, days, texts) go before them.', output_field=models.BigIntegerField()),
        ),
        migrations.AddIndex(
            model_name='bankline',
            index=models.Index(fields=['tenant', '-booked_on'], name='bank_line_list'),
        ),
        migrations.AddIndex(
            model_name='bankline',
            index=models.Index(fields=['tenant', 'status', '-cents'], name='bank_line_by_amount'),
        ),
        migrations.RunSQL(TRIGRAMS, "DROP FUNCTION reconciliation_trigrams(text)"),
        migrations.RunSQL(INDEX, "DROP INDEX bank_line_words"),
        migrations.RunSQL(
            FOUND, "DROP FUNCTION reconciliation_lines_with(text[], text[], uuid, date, date, integer)"
        ),
    ]
