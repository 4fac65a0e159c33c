"""A call's turn is decided and taken by one function in one round trip, and so is its end."""

from django.db import migrations

# The advisory lock comes first and each statement after it sees what the ones before in the line have committed: a
# single statement would look at the table before it waits. Windows arrive with the part that the caller may fill.
# What a crash of the database can lose is up to a second of counted calls, so a commit need not wait for the disk.
TURN = """
CREATE OR REPLACE FUNCTION integrations_turn(
  p_key bigint, p_tenant uuid, p_connection uuid, p_connector text, p_sharer text, p_lease uuid, p_kind text,
  p_lane text, p_seconds float8, p_at_once int, p_windows jsonb, p_is_alone boolean)
RETURNS TABLE (wait float8, limited_by text) LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp
AS $$
DECLARE
  v_outer text := coalesce(current_setting('portal.tenant', true), '');
  v_now timestamptz; v_until timestamptz; v_window jsonb; v_kinds text[]; v_length interval;
  v_used int; v_under_way int; v_surplus int; v_wait float8 := 0; v_longest float8 := 0; v_name text := '';
BEGIN
  PERFORM set_config('portal.tenant', p_tenant::text, true);
  IF p_is_alone THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;
  PERFORM pg_advisory_xact_lock(p_key);
  v_now := clock_timestamp();
  SELECT max(l.expires_at) INTO v_until FROM integrations_limitlease l
    WHERE l.tenant_id = p_tenant AND l.connection_id = p_connection AND l.kind = 'pause'
      AND l.released_at IS NULL AND l.expires_at > v_now;
  IF p_connector <> '' THEN
    SELECT greatest(v_until, max(s.expires_at)) INTO v_until FROM integrations_sharedlease s
      WHERE s.connector = p_connector AND s.kind = 'pause' AND s.released_at IS NULL AND s.expires_at > v_now;
  END IF;
  IF v_until IS NOT NULL THEN
    v_longest := extract(epoch FROM v_until - v_now);
    v_name := 'pause';
  ELSE
    IF p_at_once > 0 THEN
      SELECT count(*) INTO v_under_way FROM integrations_limitlease l
        WHERE l.tenant_id = p_tenant AND l.connection_id = p_connection AND l.released_at IS NULL
          AND l.expires_at > v_now;
      IF v_under_way >= p_at_once THEN
        v_longest := 0.05;
        v_name := 'concurrency';
      END IF;
    END IF;
    FOR v_window IN SELECT value FROM jsonb_array_elements(p_windows) LOOP
      v_kinds := CASE WHEN jsonb_array_length(v_window -> 'kinds') > 0
        THEN ARRAY(SELECT jsonb_array_elements_text(v_window -> 'kinds')) END;
      CONTINUE WHEN v_kinds IS NOT NULL AND NOT p_kind = ANY(v_kinds);
      v_length := make_interval(secs => (v_window ->> 'seconds')::float8);
      SELECT count(l.released_at), count(*) FILTER (WHERE l.released_at IS NULL) INTO v_used, v_under_way
        FROM integrations_limitlease l
        WHERE l.tenant_id = p_tenant AND l.connection_id = p_connection AND l.kind <> 'pause'
          AND (v_kinds IS NULL OR l.kind = ANY(v_kinds))
          AND (l.released_at > v_now - v_length OR (l.released_at IS NULL AND l.expires_at > v_now));
      v_surplus := v_used + v_under_way - (v_window ->> 'most')::int + 1;
      CONTINUE WHEN v_surplus <= 0;
      v_wait := 0.05;
      IF v_surplus <= v_used THEN
        SELECT greatest(extract(epoch FROM l.released_at + v_length - v_now), 0.001) INTO v_wait
          FROM integrations_limitlease l
          WHERE l.tenant_id = p_tenant AND l.connection_id = p_connection AND l.kind <> 'pause'
            AND (v_kinds IS NULL OR l.kind = ANY(v_kinds)) AND l.released_at > v_now - v_length
          ORDER BY l.released_at OFFSET v_surplus - 1 LIMIT 1;
      END IF;
      IF v_wait > v_longest THEN
        v_longest := v_wait;
        v_name := v_window ->> 'name';
      END IF;
    END LOOP;
  END IF;
  IF v_longest = 0 THEN
    INSERT INTO integrations_limitlease (id, tenant_id, connection_id, kind, lane, taken_at, expires_at)
      VALUES (p_lease, p_tenant, p_connection, p_kind, p_lane, v_now, v_now + make_interval(secs => p_seconds));
    IF p_connector <> '' THEN
      INSERT INTO integrations_sharedlease (id, connector, sharer, kind, lane, taken_at, expires_at)
        VALUES (p_lease, p_connector, p_sharer, p_kind, p_lane, v_now, v_now + make_interval(secs => p_seconds));
    END IF;
  END IF;
  PERFORM set_config('portal.tenant', v_outer, true);
  RETURN QUERY SELECT v_longest, v_name;
END
$$
"""
NO_TURN = """DROP FUNCTION integrations_turn(
  bigint, uuid, uuid, text, text, uuid, text, text, float8, int, jsonb, boolean)"""

# `p_ago`: the answer was there so many seconds before its worker came to say so.
ANSWERED = """
CREATE OR REPLACE FUNCTION integrations_answered(
  p_tenant uuid, p_connection uuid, p_connector text, p_lease uuid, p_ago float8, p_meters jsonb, p_shared_meters jsonb,
  p_is_alone boolean)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp
AS $$
DECLARE
  v_outer text := coalesce(current_setting('portal.tenant', true), '');
  v_at timestamptz := clock_timestamp() - make_interval(secs => p_ago);
BEGIN
  PERFORM set_config('portal.tenant', p_tenant::text, true);
  IF p_is_alone THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;
  UPDATE integrations_limitlease SET released_at = greatest(taken_at, v_at), meters = p_meters
    WHERE id = p_lease AND tenant_id = p_tenant AND connection_id = p_connection AND released_at IS NULL;
  IF p_connector <> '' THEN
    UPDATE integrations_sharedlease SET released_at = greatest(taken_at, v_at), meters = p_shared_meters
      WHERE id = p_lease AND connector = p_connector AND released_at IS NULL;
  END IF;
  PERFORM set_config('portal.tenant', v_outer, true);
END
$$
"""
NO_ANSWERED = "DROP FUNCTION integrations_answered(uuid, uuid, text, uuid, float8, jsonb, jsonb, boolean)"


class Migration(migrations.Migration):
    dependencies = [("integrations", "0003_due_work")]

    operations = [migrations.RunSQL(TURN, NO_TURN), migrations.RunSQL(ANSWERED, NO_ANSWERED)]
