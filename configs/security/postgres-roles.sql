-- Who may do what in the ledger's database. Run as the role that owns it, after each awb init:
--     psql postgresql://owner@host/ledger -v ON_ERROR_STOP=1 -f postgres-roles.sql
-- then give each program a login of its own:
--     CREATE ROLE awb_turn LOGIN PASSWORD '...' IN ROLE awb_loop;
--
--   owner             awb init, awb account, awb token, awb coder forget, awb privacy, awb backup and restore, gc
--   awb_loop          awb turn and its steps: adds what was said and decided, changes only its own bookkeeping
--   awb_web           awb serve: reads all, signs people in, runs campaigns; changes nothing that was said
--   awb_analyst       reads figures: no wording, no comment, nobody's name, no account
--   awb_text_analyst  the same with the wording of texts, which can name persons
--
-- A table that is not named here (of a later revision) is open to nobody but the owner. Run again, nothing changes.

BEGIN;

DO $$
DECLARE role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['awb_loop', 'awb_web', 'awb_analyst', 'awb_text_analyst'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', role);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM %I', role);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;

-- The catalog of the training set, which the loop uses and must not have to make.
CREATE TABLE IF NOT EXISTS iceberg_tables (
    catalog_name varchar(255) NOT NULL,
    table_namespace varchar(255) NOT NULL,
    table_name varchar(255) NOT NULL,
    metadata_location varchar(1000),
    previous_metadata_location varchar(1000),
    iceberg_type varchar(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
    catalog_name varchar(255) NOT NULL,
    namespace varchar(255) NOT NULL,
    property_key varchar(255) NOT NULL,
    property_value varchar(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key)
);

-- The loop.
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO awb_loop;
GRANT SELECT ON alembic_version TO awb_loop;
GRANT SELECT, INSERT ON
    nomenclature, code, correspondence, correspondence_pair, text, declaration, prediction, campaign, campaign_policy,
    draw, task, project, platform_reference, coder, enrolment, assignment, gold, judgement, label, label_edit,
    evaluation_member, quarantine, quarantine_settlement, trainingset_version, model_version, calibration, decision,
    webhook_inbox, event, turn, turn_step, lease, iceberg_tables, iceberg_namespace_properties
    TO awb_loop;
GRANT INSERT ON audit TO awb_loop;
-- An old text that is declared again comes back; an erased one that somebody asked for does not.
GRANT UPDATE (group_key, text, variables, first_seen_at, erased_at, erased_for) ON text TO awb_loop;
GRANT UPDATE (code) ON declaration TO awb_loop;
GRANT UPDATE (closed_at) ON campaign TO awb_loop;
GRANT UPDATE (external_id, created_at, cursor, webhook_id) ON project TO awb_loop;
GRANT UPDATE ON platform_reference TO awb_loop;
GRANT UPDATE (email) ON coder TO awb_loop;
GRANT UPDATE (raw) ON quarantine TO awb_loop;
GRANT UPDATE (processed_at) ON webhook_inbox TO awb_loop;
GRANT UPDATE (finished_at) ON turn TO awb_loop;
GRANT UPDATE, DELETE ON lease TO awb_loop;
GRANT DELETE ON event TO awb_loop;
GRANT UPDATE ON iceberg_tables, iceberg_namespace_properties TO awb_loop;

-- The pages and the API.
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO awb_web;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO awb_web;
GRANT INSERT ON
    audit, webhook_inbox, account, api_token, campaign, campaign_policy, coder, enrolment, assignment, event, lease
    TO awb_web;
GRANT UPDATE ON account, api_token, lease TO awb_web;
GRANT UPDATE (closed_at) ON campaign TO awb_web;
GRANT UPDATE (email) ON coder TO awb_web;
GRANT DELETE ON lease, event TO awb_web;

-- Those who study. Of these tables everything:
GRANT SELECT ON
    nomenclature, code, correspondence, correspondence_pair, prediction, campaign, campaign_policy, draw, label,
    label_edit, evaluation_member, model_version, calibration, decision, turn, turn_step, assignment
    TO awb_analyst;
-- and of these what says nothing in anybody's own words:
GRANT SELECT (key, group_key, first_seen_at, erased_at, erased_for) ON text TO awb_analyst;
GRANT SELECT (id, source, text_key, declared_at, code, imported_at) ON declaration TO awb_analyst;
GRANT SELECT (
    key, draw_id, text_key, component, stratum, inclusion_probability, seat, candidates, probabilities, model_version,
    frequency, confidence, kind, blind
) ON task TO awb_analyst;
GRANT SELECT (
    id, task_key, coder, outcome, code, judged_at, lead_time, difficulty, deleted, recorded_at
) ON judgement TO awb_analyst;
GRANT SELECT (id, campaign, coder, state, arbiter, skills, enrolled_at) ON enrolment TO awb_analyst;
GRANT SELECT (id, nomenclature, text_key, code, retired, recorded_at) ON gold TO awb_analyst;
GRANT SELECT (
    name, tag, parent, snapshot_id, rows, digest, recipe, built_at, collected_at
) ON trainingset_version TO awb_analyst;

GRANT awb_analyst TO awb_text_analyst;
GRANT SELECT (text, variables) ON text TO awb_text_analyst;
GRANT SELECT (reason) ON task TO awb_text_analyst;
GRANT SELECT (report) ON trainingset_version TO awb_text_analyst;

COMMIT;
