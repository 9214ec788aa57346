-- The floor: the least that any program has to do that takes these deliveries in, turns them into
-- profiles and hands them over. Bare DuckDB, one run, one file; benchmarks/floor.py runs it and
-- gives cp1252 files as UTF-8 and the spreadsheet as a table, which DuckDB cannot read itself
-- (that time counts). Statements end with a semicolon at the end of a line.
--
-- What it does: reads each delivery once; writes each table once (rows as delivered, mapped
-- entities, crosswalk, profiles, consents, fates, receipts), to a database file; writes the trail as
-- zstd Parquet with pseudonyms and keyed hashes in it, and the readable values beside; writes the
-- target's files and the exports as CSV.
-- What it leaves out, and the program does: comparing records (here: one GROUP BY on link, or
-- address and name), libraries for phones, e-mail, names; rules and findings; back-ups and
-- their restore test; digests, journal and gates; transactions that survive a kill; batches and
-- receipts of the target; conservation checks; verification by reading back. So a ratio
-- of 1 cannot be reached; the distance is what care costs.
SET preserve_insertion_order = true;
SET TimeZone = 'UTC';

-- Cleaning that SQL can do by itself.
CREATE MACRO tidy(t) AS nullif(trim(t), '');
CREATE MACRO day(t) AS try_strptime(tidy(t), '%d-%m-%Y')::DATE;
CREATE MACRO utc(t) AS timezone('UTC', timezone('Europe/Amsterdam', t));
CREATE MACRO moment(t) AS utc(try_cast(tidy(left(t, 19)) AS TIMESTAMP));
CREATE MACRO mail(t) AS CASE WHEN regexp_full_match(lower(trim(t)), '[^@\s]+@[^@\s]+\.[a-z]{2,}')
  THEN lower(trim(t)) END;
CREATE MACRO phone(t) AS CASE WHEN length(regexp_replace(t, '[^0-9]', '', 'g')) BETWEEN 9 AND 13
  THEN regexp_replace(regexp_replace(t, '[^0-9]', '', 'g'), '^(00)?(31|0)?', '+31') END;
CREATE MACRO postcode(t) AS tidy(upper(replace(t, ' ', '')));
CREATE MACRO person_id(s, r) AS left(sha256(s || '|' || r), 20);

-- 1. Deliveries as they came. One row is one row of a file; line is its number.
CREATE MACRO delivered(path, separator) AS TABLE
  SELECT row_number() OVER () + 1 AS line, * FROM read_csv(path, delim = separator, quote = '"',
    header = true, all_varchar = true, strict_mode = false, null_padding = true,
    ignore_errors = true, parallel = false);
CREATE TABLE raw_crm AS FROM delivered('utf8/crm.csv', ';');
CREATE TABLE raw_crm_consents AS FROM delivered('utf8/crm_consents.csv', ';');
CREATE TABLE raw_email AS FROM delivered('deliveries/email/*/*.csv', ',');
CREATE TABLE raw_subscriptions AS FROM delivered('deliveries/subscriptions/*/*.csv', ';');
CREATE TABLE raw_clicks AS FROM delivered('deliveries/clicks/*/*.csv', ',');
CREATE TABLE raw_interests AS FROM delivered('deliveries/interests/*/*.csv', ';');
CREATE TABLE raw_preferences AS FROM delivered('deliveries/preferences/*/*.csv', ';');
CREATE TABLE raw_suppressions AS FROM delivered('deliveries/suppressions/*/*.csv', ',');
CREATE TABLE raw_email_changes AS FROM delivered('deliveries/email_changes/*/*.csv', ',');
CREATE TABLE raw_shop AS SELECT row_number() OVER () AS line, *
  FROM read_ndjson('deliveries/shop/*/*.jsonl', ignore_errors = true, columns = {
    order_id: 'VARCHAR', placed_at: 'VARCHAR', brand: 'VARCHAR', campaign: 'VARCHAR',
    customer: 'STRUCT(id VARCHAR, "name" VARCHAR, email VARCHAR, phone VARCHAR, address STRUCT(
      street VARCHAR, "number" VARCHAR, addition VARCHAR, postcode VARCHAR, city VARCHAR,
      country VARCHAR))',
    lines: 'STRUCT(sku VARCHAR, title VARCHAR, qty VARCHAR, price VARCHAR)[]', total: 'VARCHAR'});
CREATE TABLE raw_events AS SELECT row_number() OVER () + 1 AS line, * FROM events_sheet;

-- 2. Mapped rows. One row is a person as one record of one source knows him.
CREATE TABLE ent_profile AS
SELECT 'crm' AS source, "Relatienummer" AS record_id, line, NULL AS crm_link,
  if("Soort" = 'O', 'organisation', 'person') AS kind, tidy("Aanhef") AS salutation,
  tidy("Voorletters") AS initials, tidy("Voornaam") AS first_name, tidy("Tussenvoegsel") AS prefix,
  tidy("Achternaam") AS family_name, tidy("Bedrijfsnaam") AS organisation_name,
  tidy("KvK-nummer") AS kvk, tidy("Ondernemingsnummer") AS kbo, day("Geboortedatum") AS birth_date,
  mail("E-mail") AS email, coalesce(phone("Mobiel"), phone("Telefoon")) AS phone,
  tidy("Straat") AS street, tidy("Huisnummer") AS house_number, tidy("Toevoeging") AS addition,
  postcode("Postcode") AS postcode, tidy("Plaats") AS town, tidy("Land") AS country,
  tidy("Categorie") AS category, day("Lid sinds") AS joined_on, NULL AS brand,
  day("Laatst gewijzigd")::TIMESTAMP AS updated_at
FROM raw_crm
UNION ALL BY NAME
SELECT 'email' AS source, subscriber_id AS record_id, line, tidy(crm_id) AS crm_link,
  'person' AS kind, tidy(first_name) AS first_name, tidy(last_name) AS family_name,
  mail(email) AS email, list AS brand
FROM raw_email
UNION ALL BY NAME
SELECT 'subscriptions' AS source, "AboNr" AS record_id, line, tidy("Relatienummer") AS crm_link,
  'person' AS kind, tidy("Voorletters") AS initials, tidy("Voornaam") AS first_name,
  tidy("Tussenvoegsel") AS prefix, tidy("Achternaam") AS family_name, mail("E-mail") AS email,
  phone("Telefoon") AS phone, tidy("Straat") AS street, tidy("Huisnummer") AS house_number,
  tidy("Toevoeging") AS addition, postcode("Postcode") AS postcode, tidy("Plaats") AS town,
  tidy("Land") AS country
FROM raw_subscriptions
UNION ALL BY NAME
SELECT 'subscriptions' AS source, "AboNr" || '/payer' AS record_id, line,
  tidy("Betaler relatienummer") AS crm_link, 'person' AS kind, tidy("Betaler naam") AS family_name,
  mail("Betaler e-mail") AS email, phone("Betaler telefoon") AS phone,
  tidy("Betaler adres") AS street, postcode("Betaler postcode") AS postcode,
  tidy("Betaler plaats") AS town, tidy("Betaler land") AS country
FROM raw_subscriptions WHERE "Soort" = 'cadeau'
UNION ALL BY NAME
SELECT 'shop' AS source, coalesce(customer.id, order_id) AS record_id, min(line) AS line,
  'person' AS kind, tidy(any_value(customer."name")) AS family_name,
  mail(any_value(customer.email)) AS email, phone(any_value(customer.phone)) AS phone,
  tidy(any_value(customer.address.street)) AS street,
  tidy(any_value(customer.address."number")) AS house_number,
  tidy(any_value(customer.address.addition)) AS addition,
  postcode(any_value(customer.address.postcode)) AS postcode,
  tidy(any_value(customer.address.city)) AS town, any_value(customer.address.country) AS country
FROM raw_shop GROUP BY ALL
UNION ALL BY NAME
SELECT 'events' AS source, "Inschrijfnr" AS record_id, line, 'person' AS kind,
  tidy("Voornaam") AS first_name, coalesce(tidy("Naam"), tidy("Achternaam")) AS family_name,
  mail("E-mail") AS email, postcode("Postcode") AS postcode, "Merk" AS brand
FROM raw_events;

-- 3. One row: a record and its profile, which is named after the group's first record.
CREATE TABLE crosswalk AS
WITH grouped AS (
  SELECT source, record_id, any_value(coalesce(crm_link, if(source = 'crm', record_id, NULL),
    email || '|' || lower(split_part(family_name, ' ', -1)), source || '|' || record_id)) AS same
  FROM ent_profile GROUP BY source, record_id),
founded AS (
  SELECT source, record_id, first_value(struct_pack(source, record_id)) OVER (
    PARTITION BY same ORDER BY source, record_id) AS founder
  FROM grouped)
SELECT source, record_id, person_id(founder.source, founder.record_id) AS profile_id,
  if(founder.source = source AND founder.record_id = record_id, 'founder', 'merged') AS role
FROM founded;

-- One row is one person: of each field the first filled value, CRM before the others.
CREATE TABLE profile AS
SELECT profile_id, first(source ORDER BY source, record_id) AS founder_source,
  first(record_id ORDER BY source, record_id) AS founder_record,
  any_value(COLUMNS(* EXCLUDE (source, record_id, line, crm_link, profile_id, role))
    ORDER BY source, record_id)
FROM ent_profile JOIN crosswalk USING (source, record_id)
GROUP BY profile_id ORDER BY profile_id;

-- 4. What belongs to a person. One row is one subscription, order line, click, …
CREATE TABLE ent_subscription AS
SELECT 'subscriptions' AS source, "AboNr" AS record_id, line, 1 AS child_no, brand,
  "Product" AS product, "Soort" AS kind, "Status" AS status, day("Begindatum") AS starts_on,
  day("Einddatum") AS ends_on, tidy("Reden einde") AS end_reason,
  tidy("Betaalritme") AS payment_interval,
  try_cast(replace("Prijs", ',', '.') AS DECIMAL(12, 2)) AS price, tidy("Campagne") AS campaign,
  profile_id
FROM (SELECT *, unnest(list_filter(["Merk", tidy("Combi merk")], lambda b: b IS NOT NULL)) AS brand
      FROM raw_subscriptions) s
LEFT JOIN crosswalk c ON c.source = 'subscriptions' AND c.record_id = s."AboNr";
CREATE TABLE ent_order AS
SELECT 'shop' AS source, o.order_id AS record_id, line, position AS child_no, brand,
  o.order_id AS order_number, item.sku AS sku, item.title AS title,
  try_cast(item.qty AS INTEGER) AS quantity, try_cast(item.price AS DECIMAL(12, 2)) AS amount,
  moment(placed_at) AS placed_at, tidy(campaign) AS campaign, profile_id
FROM (SELECT * EXCLUDE (lines), unnest(lines) AS item,
        generate_subscripts(lines, 1) AS position FROM raw_shop) o
LEFT JOIN crosswalk c ON c.source = 'shop' AND c.record_id = coalesce(o.customer.id, o.order_id);
CREATE TABLE ent_attendance AS
SELECT 'events' AS source, "Inschrijfnr" AS record_id, line, 1 AS child_no, "Merk" AS brand,
  "Evenement" AS event, try_cast(left("Datum", 10) AS DATE) AS held_on,
  "Aanwezig" = 'ja' AS attended, profile_id
FROM raw_events e
LEFT JOIN crosswalk c ON c.source = 'events' AND c.record_id = e."Inschrijfnr";
CREATE TABLE ent_interaction AS
SELECT 'clicks' AS source, event_id AS record_id, line, 1 AS child_no, brand, event AS kind,
  moment("time") AS happened_at, tidy(campaign) AS campaign, tidy(url) AS link, profile_id
FROM raw_clicks k LEFT JOIN crosswalk c ON c.source = 'email' AND c.record_id = k.subscriber_id;
CREATE TABLE ent_interest AS
WITH by_mail AS (SELECT email, min(profile_id) AS found FROM profile GROUP BY email)
SELECT 'interests' AS source, "InteresseId" AS record_id, line, 1 AS child_no, "Merk" AS brand,
  "Categorie" AS category, day("Datum") AS since, coalesce(profile_id, found) AS profile_id
FROM raw_interests i
LEFT JOIN crosswalk c ON c.source = 'crm' AND c.record_id = i."Relatienummer"
LEFT JOIN by_mail m ON m.email = mail(i."E-mail");
CREATE TABLE ent_preference AS
WITH by_mail AS (SELECT email, min(profile_id) AS found FROM profile GROUP BY email)
SELECT 'preferences' AS source, "VoorkeurId" AS record_id, line, 1 AS child_no, "Merk" AS brand,
  concat_ws(' / ', tidy("Verzendmoment"), tidy("Kanaal"), tidy("Vorm")) AS value,
  coalesce(profile_id, found) AS profile_id
FROM raw_preferences p
LEFT JOIN crosswalk c ON c.source = 'crm' AND c.record_id = p."Relatienummer"
LEFT JOIN by_mail m ON m.email = mail(p."E-mail");
CREATE TABLE ent_relation AS
SELECT 'crm' AS source, "Relatienummer" AS record_id, line, 1 AS child_no, 'contact' AS role,
  "Contactpersoon van" AS organisation_record, profile_id
FROM raw_crm r LEFT JOIN crosswalk c ON c.source = 'crm' AND c.record_id = r."Relatienummer"
WHERE tidy("Contactpersoon van") IS NOT NULL;
CREATE TABLE suppression AS
SELECT 'suppressions' AS source, suppression_id AS record_id, line, 1 AS child_no, '*' AS brand,
  channel, reason, try_cast(date AS DATE)::TIMESTAMP AS event_at, tidy(contact_point) AS point,
  profile_id
FROM raw_suppressions s LEFT JOIN crosswalk c ON c.source = 'crm' AND c.record_id = s.relatienummer;

-- 5. Consents. One row is one fact about a permission; deltas of the transition are among them.
CREATE TABLE consent_event AS
SELECT 'crm_consents' AS source, "ToestemmingId" AS record_id, line, 1 AS child_no,
  coalesce(nullif(tidy("Merk"), 'alle'), '*') AS brand, "Kanaal" AS channel,
  CASE lower("Toestemming") WHEN 'ja' THEN 'given' WHEN 'j' THEN 'given' WHEN 'opt-in' THEN 'given'
    WHEN 'nee' THEN 'withdrawn' WHEN 'n' THEN 'withdrawn' WHEN 'opt-out' THEN 'withdrawn'
    ELSE 'unknown' END AS state,
  utc(day("Datum")::TIMESTAMP) AS event_at, tidy("Bron") AS evidence, tidy("Campagne") AS campaign,
  profile_id
FROM raw_crm_consents t
LEFT JOIN crosswalk c ON c.source = 'crm' AND c.record_id = t."Relatienummer"
UNION ALL
SELECT 'email', subscriber_id, line, 1, list, 'email', 'given', moment(opt_in_time),
  tidy(e.source), tidy(campaign), profile_id
FROM raw_email e LEFT JOIN crosswalk c ON c.source = 'email' AND c.record_id = e.subscriber_id
UNION ALL
SELECT 'email', subscriber_id, line, 2, list, 'email', 'withdrawn', moment(unsubscribe_time),
  NULL, NULL, profile_id
FROM raw_email e LEFT JOIN crosswalk c ON c.source = 'email' AND c.record_id = e.subscriber_id
WHERE status IN ('unsubscribed', 'resubscribed')
UNION ALL
SELECT 'email_changes', change_id, line, 1, coalesce(nullif(tidy(brand), 'alle'), '*'), channel,
  if(change_type = 'opt-in', 'given', 'withdrawn'), moment(changed_at), tidy(d.source),
  tidy(campaign), coalesce(c.profile_id, r.profile_id)
FROM raw_email_changes d
LEFT JOIN crosswalk c ON c.source = 'email' AND c.record_id = d.subscriber_id
LEFT JOIN crosswalk r ON r.source = 'crm' AND r.record_id = d.relatienummer
WHERE change_type IN ('opt-in', 'opt-out');

-- One row is what a person is asked by a channel and brand: the newest fact counts.
CREATE TABLE consent_state AS
SELECT profile_id, brand, channel, 'marketing' AS purpose,
  if(state = 'given', 'opt-in', 'opt-out') AS status, event_at, evidence AS source, campaign
FROM consent_event WHERE profile_id IS NOT NULL AND state <> 'unknown'
QUALIFY row_number() OVER (PARTITION BY profile_id, brand, channel
  ORDER BY event_at DESC NULLS LAST, state DESC, source, record_id) = 1
ORDER BY ALL;

-- 6. One row is one physical row and what became of it.
CREATE TABLE fate AS
SELECT source, record_id, line, if(role = 'founder', 'loaded', 'merged') AS fate, profile_id
FROM ent_profile JOIN crosswalk USING (source, record_id)
WHERE source <> 'shop' AND record_id NOT LIKE '%/payer'
UNION ALL SELECT 'shop', order_id, line, 'attached', profile_id FROM raw_shop s
  JOIN crosswalk c ON c.source = 'shop' AND c.record_id = coalesce(s.customer.id, s.order_id)
UNION ALL SELECT source, record_id, line, 'attached', profile_id FROM ent_interaction
UNION ALL SELECT source, record_id, line, 'attached', profile_id FROM ent_interest
UNION ALL SELECT source, record_id, line, 'attached', profile_id FROM ent_preference
UNION ALL SELECT source, record_id, line, 'attached', profile_id FROM suppression
UNION ALL SELECT source, record_id, line, 'attached', profile_id FROM consent_event
  WHERE source <> 'email';

-- 7. One row: the target took what it was given of this kind for this profile.
CREATE TABLE receipt AS
SELECT entity, profile_id, 'csv' AS target, profile_id AS target_id, 'create' AS action,
  count(*) AS rows
FROM (SELECT 'profile' AS entity, profile_id FROM profile
  UNION ALL SELECT 'subscription', profile_id FROM ent_subscription
  UNION ALL SELECT 'order', profile_id FROM ent_order
  UNION ALL SELECT 'attendance', profile_id FROM ent_attendance
  UNION ALL SELECT 'interaction', profile_id FROM ent_interaction
  UNION ALL SELECT 'interest', profile_id FROM ent_interest
  UNION ALL SELECT 'preference', profile_id FROM ent_preference
  UNION ALL SELECT 'relation', profile_id FROM ent_relation
  UNION ALL SELECT 'suppression', profile_id FROM suppression
  UNION ALL SELECT 'consent', profile_id FROM consent_state)
WHERE profile_id IS NOT NULL
GROUP BY ALL;

-- 8. The trail, in total order. One row is one event; the audit side holds a pseudonym and a keyed
-- hash (HMAC is two hashes each), the vault side the readable values. Events: mapped, loaded or
-- merged, consent and imported, about as many as the program writes.
CREATE TEMP TABLE trail AS
WITH pseudonyms AS (
  SELECT source, record_id, profile_id, role,
    sha256('key' || sha256('key' || source || '|' || record_id)) AS who
  FROM crosswalk),
founders AS (SELECT who, source, record_id, profile_id FROM pseudonyms WHERE role = 'founder'),
events AS (
  SELECT who, source, record_id, unnest([
      struct_pack(event := 'mapped', field := NULL, "after" := NULL),
      struct_pack(event := if(role = 'founder', 'loaded', 'merged'), field := NULL,
        "after" := profile_id)], recursive := true)
  FROM pseudonyms
  UNION ALL SELECT who, founders.source, record_id, 'consent',
    concat_ws('/', brand, channel, purpose), status
  FROM consent_state JOIN founders USING (profile_id)
  UNION ALL SELECT who, source, record_id, unnest(['mapped', 'imported']), entity, target_id
  FROM receipt JOIN founders USING (profile_id))
SELECT who AS profile, (row_number() OVER (PARTITION BY who ORDER BY event, field, "after"))::INTEGER
    AS seq, event, field,
  sha256('key' || sha256('key' || concat_ws('|', event, field, "after"))) AS commitment,
  source, record_id, "after"
FROM events
ORDER BY profile, seq;
COPY (SELECT profile, seq, event, field, commitment FROM trail) TO 'out/trail.parquet'
  (FORMAT parquet, COMPRESSION zstd);
COPY (SELECT profile, seq, source, record_id, "after" FROM trail WHERE "after" IS NOT NULL)
  TO 'out/vault.parquet' (FORMAT parquet, COMPRESSION zstd);

-- 9. The target's files, and the exports.
COPY (SELECT * FROM profile ORDER BY profile_id) TO 'out/target_profile.csv';
COPY (SELECT * FROM ent_subscription WHERE profile_id IS NOT NULL) TO 'out/target_subscription.csv';
COPY (SELECT * FROM ent_order WHERE profile_id IS NOT NULL) TO 'out/target_order.csv';
COPY (SELECT * FROM ent_attendance WHERE profile_id IS NOT NULL) TO 'out/target_attendance.csv';
COPY (SELECT * FROM ent_interaction WHERE profile_id IS NOT NULL) TO 'out/target_interaction.csv';
COPY (SELECT * FROM ent_interest WHERE profile_id IS NOT NULL) TO 'out/target_interest.csv';
COPY (SELECT * FROM ent_preference WHERE profile_id IS NOT NULL) TO 'out/target_preference.csv';
COPY (SELECT * FROM ent_relation WHERE profile_id IS NOT NULL) TO 'out/target_relation.csv';
COPY (SELECT * FROM suppression) TO 'out/target_suppression.csv';
COPY (SELECT * FROM consent_state ORDER BY ALL) TO 'out/target_consent.csv';
COPY (SELECT * FROM crosswalk ORDER BY ALL) TO 'out/crosswalk.csv';
COPY (SELECT * FROM profile ORDER BY profile_id) TO 'out/profiles.csv';
COPY (SELECT * FROM consent_state ORDER BY ALL) TO 'out/consents.csv';
COPY (SELECT * FROM fate ORDER BY ALL) TO 'out/fates.csv';
COPY (SELECT * FROM receipt ORDER BY ALL) TO 'out/receipts.csv';
CHECKPOINT;
