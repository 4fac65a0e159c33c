"""Sums of bank lines by account, day and status, which the database keeps in the transaction that changes a line.

Every statement adds rows of what came and what went; nothing is changed in place, so that two people who decide on
lines of one day do not wait for each other, and whoever may see a line sees it in the sums, and nobody else does.
"""

import django.db.models.deletion
import tenants.models
from django.conf import settings
from django.db import migrations, models

from tenants.rls import RowSecurity

SUMS = """
  INSERT INTO reconciliation_dayfigure
    (id, tenant_id, bank_account_id, booked_on, status, currency, lines, money, net, is_folded)
  SELECT gen_random_uuid(), tenant_id, bank_account_id, booked_on, status, currency, sum(times),
    sum(times * abs(amount)), sum(CASE WHEN part_of_id IS NULL THEN times * amount ELSE 0 END), {is_folded}
  FROM ({rows}) AS moved
  GROUP BY tenant_id, bank_account_id, booked_on, status, currency
  HAVING sum(times) <> 0 OR sum(times * abs(amount)) <> 0
    OR sum(CASE WHEN part_of_id IS NULL THEN times * amount ELSE 0 END) <> 0;
"""
ADDED = "SELECT 1 AS times, * FROM {}"
GONE = "SELECT -1 AS times, * FROM {}"
# Once per statement, however many lines it is about.
TRIGGER = """
CREATE FUNCTION reconciliation_lines_{event}() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN{sums}  RETURN NULL;
END
$$;
CREATE TRIGGER figures_follow_lines_{event} AFTER {event} ON reconciliation_bankline
  REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_lines_{event}();
"""
FOLLOW = {
    "insert": ("NEW TABLE AS added", [ADDED.format("added")]),
    "update": ("OLD TABLE AS gone NEW TABLE AS added", [ADDED.format("added"), GONE.format("gone")]),
    "delete": ("OLD TABLE AS gone", [GONE.format("gone")]),
}
NO_FOLLOWING = """
DROP TRIGGER figures_follow_lines_{event} ON reconciliation_bankline;
DROP FUNCTION reconciliation_lines_{event}();
"""
# An account goes with its lines, and those have just added to its figures.
ACCOUNT = """
CREATE FUNCTION reconciliation_account_gone() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  DELETE FROM reconciliation_dayfigure WHERE bank_account_id = OLD.id;
  RETURN NULL;
END
$$;
CREATE TRIGGER figures_go_with_their_account AFTER DELETE ON reconciliation_bankaccount
  FOR EACH ROW EXECUTE FUNCTION reconciliation_account_gone();
"""
NO_ACCOUNT = """
DROP TRIGGER figures_go_with_their_account ON reconciliation_bankaccount;
DROP FUNCTION reconciliation_account_gone();
"""
FIGURES_DUE = """
CREATE FUNCTION reconciliation_figures_due(at timestamptz, most integer)
RETURNS TABLE (kind text, tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT 'figures', f.tenant_id, f.tenant_id FROM reconciliation_dayfigure f
    WHERE NOT f.is_folded GROUP BY f.tenant_id HAVING count(*) >= 500 LIMIT most
$$
"""


def following(event: str) -> migrations.RunSQL:
    """Statements of this kind on bank lines move the figures."""
    tables, rows = FOLLOW[event]
    sums = SUMS.format(rows=" UNION ALL ".join(rows), is_folded="false")
    return migrations.RunSQL(TRIGGER.format(event=event, tables=tables, sums=sums), NO_FOLLOWING.format(event=event))


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0008_what_changed_when'),
        ('reconciliation', '0013_what_changed'),
        ('tenants', '0004_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DayFigure',
            fields=[
                ('id', models.UUIDField(default=tenants.models.new_id, editable=False, primary_key=True, serialize=False)),
                ('booked_on', models.DateField()),
                ('status', models.CharField(choices=[('unmatched', 'No proposal'), ('proposed', 'To decide'), ('matched', 'Matched'), ('ignored', 'Set aside'), ('split', 'Split into parts'), ('joined', 'Part, put together again')], max_length=20)),
                ('currency', models.CharField(max_length=3)),
                ('lines', models.IntegerField()),
                ('money', models.DecimalField(decimal_places=6, help_text='Of all of them, unsigned.', max_digits=24)),
                ('net', models.DecimalField(decimal_places=6, help_text='Signed, of those that the bank delivered: without parts.', max_digits=24)),
                ('is_folded', models.BooleanField(default=False, help_text='Already the sum of others.')),
            ],
        ),
        migrations.AddIndex(
            model_name='proposal',
            index=models.Index(condition=models.Q(('first_approved_by__isnull', False), ('status', 'open')), fields=['tenant'], name='proposal_half_approved'),
        ),
        migrations.AddField(
            model_name='dayfigure',
            name='bank_account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='figures', to='reconciliation.bankaccount'),
        ),
        migrations.AddField(
            model_name='dayfigure',
            name='tenant',
            field=models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddIndex(
            model_name='dayfigure',
            index=models.Index(fields=['tenant', 'bank_account', 'booked_on'], name='day_figure_by_day'),
        ),
        migrations.AddIndex(
            model_name='dayfigure',
            index=models.Index(condition=models.Q(('is_folded', False)), fields=['tenant'], name='day_figure_to_fold'),
        ),
        # In this order: nobody writes lines from the first trigger on until this transaction ends, and before row security
        # is on the table's owner may write for every tenant.
        *(following(event) for event in FOLLOW),
        migrations.RunSQL(
            SUMS.format(rows=ADDED.format("reconciliation_bankline"), is_folded="true"), migrations.RunSQL.noop
        ),
        RowSecurity("dayfigure"),
        migrations.RunSQL(ACCOUNT, NO_ACCOUNT),
        migrations.RunSQL(FIGURES_DUE, "DROP FUNCTION reconciliation_figures_due(timestamptz, integer)"),
    ]
