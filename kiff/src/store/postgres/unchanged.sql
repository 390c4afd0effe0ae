-- Records and their places are written once. This keeps whoever works in the database by hand, or a program that
-- was pointed at the wrong schema, from changing them by accident; it is no protection from those who own the
-- tables. The triggers are of statements, and an append neither updates nor deletes here, so they cost it nothing.
CREATE FUNCTION kiff.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION '% of % is refused: records are never changed', TG_OP, TG_RELID::regclass USING ERRCODE = 'KF002';
END
$function$;
CREATE TRIGGER unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON kiff.records
FOR EACH STATEMENT EXECUTE FUNCTION kiff.refuse_change();
CREATE TRIGGER unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON kiff.log
FOR EACH STATEMENT EXECUTE FUNCTION kiff.refuse_change();
-- What the statement of the usual append calls to undo itself; see `append_1`.
CREATE FUNCTION kiff.met_another() RETURNS text LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION 'another batch has one of its claims, or its stream is not there' USING ERRCODE = 'KF001';
END
$function$;
