-- Appends one batch as `append_1` does, in two statements where nearly all batches need no more: records behind one
-- stream's head, and nothing guarded. It costs the server about half as much.
--
-- The head is compared and set in one statement, which waits for whoever has locked it and then compares what it
-- finds. All else goes into the second. A claim that is taken shows only there, when the head is set already;
-- then KF001 undoes everything, and the caller asks `append_1`, which can tell which claim it is.
CREATE FUNCTION kiff.append_2(
    p_tenant text,
    p_streams text[], p_expected bigint[], p_heads bigint[],
    p_written text[], p_afters bigint[], p_ends bigint[],
    p_record_streams text[], p_seqs bigint[], p_bytes bytea[],
    p_claims text[], p_claim_streams text[], p_claim_seqs bigint[], p_claim_closed bigint[], p_twice integer,
    p_opened text[], p_kinds text[], p_open_streams text[], p_open_seqs bigint[], p_moved text[], p_shut text[],
    p_settled text[], p_closed bigint[],
    OUT outcome text, OUT place integer, OUT actual bigint
) LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $function$
DECLARE
    v_clock bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    v_count integer;
BEGIN
    IF cardinality(p_streams) <> 1 OR p_heads[1] = p_expected[1] OR p_twice IS NOT NULL THEN
        SELECT a.outcome, a.place, a.actual INTO outcome, place, actual
        FROM kiff.append_1(
            p_tenant, p_streams, p_expected, p_heads, p_written, p_afters, p_ends, p_record_streams, p_seqs, p_bytes,
            p_claims, p_claim_streams, p_claim_seqs, p_claim_closed, p_twice,
            p_opened, p_kinds, p_open_streams, p_open_seqs, p_moved, p_shut, p_settled, p_closed
        ) a;
        RETURN;
    END IF;

    IF p_expected[1] = 0 THEN
        INSERT INTO kiff.streams AS s (tenant, stream, seq, clock) VALUES (p_tenant, p_streams[1], p_heads[1], v_clock)
        ON CONFLICT (tenant, stream) DO UPDATE
        SET seq = excluded.seq, clock = greatest(excluded.clock, s.clock + 1) WHERE s.seq = 0
        RETURNING s.clock INTO v_clock;
    ELSE
        UPDATE kiff.streams s SET seq = p_heads[1], clock = greatest(v_clock, s.clock + 1)
        WHERE s.tenant = p_tenant AND s.stream = p_streams[1] AND s.seq = p_expected[1]
        RETURNING s.clock INTO v_clock;
    END IF;
    IF NOT FOUND THEN
        SELECT s.seq INTO actual FROM kiff.streams s WHERE s.tenant = p_tenant AND s.stream = p_streams[1];
        actual := coalesce(actual, 0);
        IF actual = p_expected[1] THEN
            RAISE EXCEPTION 'stream % came to its place at the same moment', p_streams[1] USING ERRCODE = 'KF001';
        END IF;
        outcome := 'conflict';
        place := 1;
        RETURN;
    END IF;

    WITH recorded AS (
        INSERT INTO kiff.records (tenant, stream, seq, bytes)
        SELECT p_tenant, p_streams[1], r.seq, r.bytes FROM unnest(p_seqs, p_bytes) AS r (seq, bytes)
    ), waits AS (
        INSERT INTO kiff.pending (tenant, clock, stream, streams, afters, heads)
        VALUES (p_tenant, v_clock, p_streams[1], p_streams, p_expected, p_heads)
    ), claimed AS (
        INSERT INTO kiff.claims (tenant, claim, stream, seq, closed)
        SELECT p_tenant, c.claim, p_streams[1], c.seq, c.closed
        FROM unnest(p_claims, p_claim_seqs, p_claim_closed) AS c (claim, seq, closed)
        ORDER BY c.claim COLLATE "C"
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM claimed INTO v_count;
    IF v_count < cardinality(p_claims) THEN
        RAISE EXCEPTION 'a claim of the batch is taken' USING ERRCODE = 'KF001';
    END IF;

    IF cardinality(p_opened) > 0 THEN
        INSERT INTO kiff.open AS o (tenant, id, kind, stream, seq)
        SELECT p_tenant, n.id, n.kind, n.stream, n.seq
        FROM unnest(p_opened, p_kinds, p_open_streams, p_open_seqs) AS n (id, kind, stream, seq)
        ON CONFLICT (tenant, id) DO UPDATE SET stream = excluded.stream, seq = excluded.seq
        WHERE o.id = ANY (p_moved);
    END IF;
    FOR i IN 1 .. cardinality(p_shut) LOOP
        DELETE FROM kiff.open o WHERE o.tenant = p_tenant AND o.id = p_shut[i];
    END LOOP;
    FOR i IN 1 .. cardinality(p_settled) LOOP
        UPDATE kiff.claims c SET closed = p_closed[i] WHERE c.tenant = p_tenant AND c.claim = p_settled[i];
    END LOOP;
    outcome := 'done';
END
$function$;
