// How the tables of the ledger came to be. A migration that was released is never edited.
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const numbers = (names: string): string =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => `${name} bigint not null`)
    .join(', ');

const periodSums = numbers(
  `calls refused request_bytes response_bytes chunked unencoded with_cookies reused_cookies largest_bytes first_ms last_ms`,
);
const allSums = `${periodSums}, ${numbers(
  `answered failed broken duration_ms large refused_last_ms chunked_last_ms unencoded_last_ms cookies_last_ms`,
)}`;

const whoAndWhat = `
  create table ledger_caller (
    id text primary key, kind text not null, name text not null, vouched boolean not null,
    subject text, issuer text, serial text, not_after text, issued_by text, participant text,
    ${numbers('first_ms last_ms calls')});
  create index ledger_caller_participant on ledger_caller (participant);
  create table ledger_address (
    id text primary key, kind text not null, environment text not null, channel text not null,
    generation text not null, system text not null, address text not null);`;

// Beside the keys: of one pair its days before an instant, of one party or caller its periods.
const sums = `
  create table ledger_pair (
    caller text not null, address text not null, ${allSums},
    last_source text not null, last_agent text not null, last_service text not null,
    sources jsonb not null, agents jsonb not null,
    primary key (caller, address));
  create index ledger_pair_address on ledger_pair (address);
  create table ledger_pair_period (
    grain text not null, period_ms bigint not null, caller text not null, address text not null, ${periodSums},
    primary key (grain, period_ms, caller, address));
  create index ledger_pair_period_address on ledger_pair_period (address, grain, period_ms);
  create index ledger_pair_period_pair on ledger_pair_period (caller, address, period_ms desc) where grain = 'd';
  create table ledger_refusal_period (
    grain text not null, period_ms bigint not null, caller text not null, address text not null,
    code text not null, rule text not null, ${numbers('calls first_ms last_ms')},
    primary key (grain, period_ms, caller, address, code, rule));
  create index ledger_refusal_period_caller on ledger_refusal_period (caller, grain, period_ms);
  create table ledger_party_period (
    grain text not null, period_ms bigint not null, participant text not null, scid text not null, ${periodSums},
    primary key (grain, period_ms, participant, scid));
  create index ledger_party_period_party on ledger_party_period (participant, grain, period_ms);
  create table ledger_use (
    grain text not null, period_ms bigint not null, caller text not null, address text not null,
    service text not null, operation text not null, ${allSums}, bags jsonb not null,
    primary key (grain, period_ms, caller, address, service, operation));
  create index ledger_use_caller on ledger_use (caller, period_ms);
  create table ledger_use_count (
    grain text not null, period_ms bigint not null, uses bigint not null,
    primary key (grain, period_ms));`;

const known = `
  create table ledger_mark (
    node text not null, boot text not null, ${numbers('thread sequence known_ms records')},
    primary key (node, boot, thread));
  create table ledger_node (
    node text primary key,
    ${numbers('known_ms heard_ms records repeated unreadable later_version odd_clocks')});
  create table ledger_gap (
    node text not null, boot text not null, ${numbers('thread after_sequence at_most')},
    from_ms bigint, to_ms bigint, told boolean not null,
    primary key (node, boot, thread, after_sequence));`;

// What is packed already is not packed again.
const arrivals = `
  create table ledger_arrival (
    id bigint primary key, ${numbers('taken_ms from_ms to_ms records raw_bytes packed_bytes')},
    nodes text[] not null, whole boolean not null, segment bigint, keys bytea, lines bytea not null);
  alter table ledger_arrival alter column lines set storage external, alter column keys set storage external;
  create index ledger_arrival_unlisted on ledger_arrival (id) where segment is null;
  create index ledger_arrival_time on ledger_arrival (from_ms, to_ms);
  create table ledger_segment (id bigint primary key, chunks bigint[] not null);
  create table ledger_segment_list (
    bucket bigint not null, segment bigint not null, entries bytea not null,
    primary key (bucket, segment));
  alter table ledger_segment_list alter column entries set storage external;
  create table ledger_state (id bigint primary key, ${numbers('rolled_up_to last_arrival')});
  insert into ledger_state (id, rolled_up_to, last_arrival) values (1, 0, 0)`;

// Bags are written and read whole, so that the store need not know what is in them. Rows that are met again and again find room for
// their next version on the same page, and no index is written for it.
const slices = `
  create table ledger_slice (
    through bigint not null, part bigint not null, rows bytea not null,
    primary key (through, part));
  alter table ledger_slice alter column rows set storage external;
  alter table ledger_use alter column bags type text using bags::text;
  alter table ledger_pair alter column sources type text using sources::text,
    alter column agents type text using agents::text;
  alter table ledger_use set (fillfactor = 80);
  alter table ledger_pair set (fillfactor = 50);
  alter table ledger_caller set (fillfactor = 70);
  alter table ledger_pair_period set (fillfactor = 90);
  alter table ledger_refusal_period set (fillfactor = 90);
  alter table ledger_party_period set (fillfactor = 90);
  alter table ledger_mark add column first_ms bigint not null default 0`;

async function runAll(db: Kysely<never>, texts: readonly string[]): Promise<void> {
  for (const statement of texts.flatMap((each) => each.split(';')))
    if (statement.trim() !== '') await sql.raw(statement).execute(db);
}

/** The migrations of this area. */
export const ledgerMigrations: Readonly<Record<string, Migration>> = {
  '020-ledger': {
    up: (db: Kysely<never>) => runAll(db, [whoAndWhat, sums, known, arrivals]),
  },
  '021-ledger-slices': {
    up: (db: Kysely<never>) => runAll(db, [slices]),
  },
};
