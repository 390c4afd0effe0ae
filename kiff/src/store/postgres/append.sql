-- Appends one batch: all of it, or nothing. Tells `done`, `conflict` with the place of a part and the sequence at
-- which its stream is, or `claimed` with the place of a claim that is taken.
--
-- Streams are locked in the order of their names, and all of them before any claim, so two batches never wait for
-- each other. A guard (a part whose head is its expected sequence) waits for those who move its stream, and not
-- for those who only guard it too; a guard of an empty stream makes its row, because only a row can be locked.
--
-- Each statement here sees what was committed before it, also while this function waited for a lock. Two things
-- can only be known by trying: that nobody else makes the row of a stream, or a claim, at the same moment. Then
-- KF001 undoes everything, and the caller tries again.
--
-- The planner is told to use the keys: a plan made while a table was small is kept while it grows.
CREATE FUNCTION kiff.append_1(
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
    v_other bigint;
    v_count integer;
BEGIN
    FOR i IN 1 .. cardinality(p_streams) LOOP
        IF p_heads[i] > p_expected[i] THEN
            SELECT s.seq, s.clock INTO actual, v_other FROM kiff.streams s
            WHERE s.tenant = p_tenant AND s.stream = p_streams[i] FOR NO KEY UPDATE;
        ELSE
            IF p_expected[i] = 0 THEN
                INSERT INTO kiff.streams (tenant, stream, seq, clock) VALUES (p_tenant, p_streams[i], 0, 0)
                ON CONFLICT DO NOTHING;
            END IF;
            SELECT s.seq, s.clock INTO actual, v_other FROM kiff.streams s
            WHERE s.tenant = p_tenant AND s.stream = p_streams[i] FOR SHARE;
        END IF;
        actual := coalesce(actual, 0);
        IF actual <> p_expected[i] THEN
            outcome := 'conflict';
            place := i;
            RETURN;
        END IF;
        v_clock := greatest(v_clock, v_other + 1);
    END LOOP;

    FOR i IN 1 .. cardinality(p_claims) LOOP
        PERFORM FROM kiff.claims c WHERE c.tenant = p_tenant AND c.claim = p_claims[i];
        IF FOUND OR i = p_twice THEN
            outcome := 'claimed';
            place := i;
            -- A stream without a row could not be locked: the batch that claims may have moved it meanwhile.
            FOR k IN 1 .. cardinality(p_streams) LOOP
                SELECT s.seq INTO actual FROM kiff.streams s WHERE s.tenant = p_tenant AND s.stream = p_streams[k];
                IF actual <> p_expected[k] THEN
                    outcome := 'conflict';
                    place := k;
                    RETURN;
                END IF;
            END LOOP;
            RETURN;
        END IF;
    END LOOP;

    FOR i IN 1 .. cardinality(p_streams) LOOP
        CONTINUE WHEN p_heads[i] = p_expected[i];
        INSERT INTO kiff.streams AS s (tenant, stream, seq, clock) VALUES (p_tenant, p_streams[i], p_heads[i], v_clock)
        ON CONFLICT (tenant, stream) DO UPDATE SET seq = excluded.seq, clock = excluded.clock
        WHERE s.seq = p_expected[i];
        IF NOT FOUND THEN
            RAISE EXCEPTION 'another batch made stream % at the same moment', p_streams[i] USING ERRCODE = 'KF001';
        END IF;
    END LOOP;

    IF cardinality(p_claims) > 0 THEN
        INSERT INTO kiff.claims (tenant, claim, stream, seq, closed)
        SELECT p_tenant, c.claim, c.stream, c.seq, c.closed
        FROM unnest(p_claims, p_claim_streams, p_claim_seqs, p_claim_closed) AS c (claim, stream, seq, closed)
        ORDER BY c.claim COLLATE "C"
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        IF v_count < cardinality(p_claims) THEN
            RAISE EXCEPTION 'another batch made one of its claims at the same moment' USING ERRCODE = 'KF001';
        END IF;
    END IF;

    IF cardinality(p_written) > 0 THEN
        INSERT INTO kiff.records (tenant, stream, seq, bytes)
        SELECT p_tenant, r.stream, r.seq, r.bytes
        FROM unnest(p_record_streams, p_seqs, p_bytes) AS r (stream, seq, bytes);
        INSERT INTO kiff.pending (tenant, clock, stream, streams, afters, heads)
        VALUES (p_tenant, v_clock, p_written[1], p_written, p_afters, p_ends);
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
