/*
 * SQLite backend: counters per lane, account and store, so that nothing is ever
 * counted by scanning.
 *
 * Does:    gathers what a transaction changes and writes each counter once,
 * before the commit. Keeps:   the rows agree with the tables at every commit
 * (db_conserve counts again).
 */
#include "store/sqlite/sqlite_rows.h"

static void write_lane(struct tx *tx, const struct lane_change *change)
{
	struct query update =
		query(tx, "INSERT INTO lane VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
			  " ON CONFLICT DO UPDATE SET n_ready = n_ready + ?5, n_blocked = n_blocked + ?6,"
			  " n_waiting = n_waiting + ?7, n_sending = n_sending + ?8");

	put_int(&update, 1, change->account_id);
	put_int(&update, 2, change->kind);
	put_int(&update, 3, change->op);
	put_int(&update, 4, change->priority);
	put_int(&update, 5, change->n_ready);
	put_int(&update, 6, change->n_blocked);
	put_int(&update, 7, change->n_waiting);
	put_int(&update, 8, change->n_sending);
	query_run(&update);
}

static void write_account(struct tx *tx, const struct account_change *change)
{
	struct query update =
		query(tx, "INSERT INTO account_count VALUES (?1, ?2, ?3, ?4, ?5)"
			  " ON CONFLICT DO UPDATE SET created = created + ?2, accepted = accepted + ?3,"
			  " failed = failed + ?4, skipped = skipped + ?5");

	put_int(&update, 1, change->account_id);
	put_int(&update, 2, change->created);
	put_int(&update, 3, change->accepted);
	put_int(&update, 4, change->failed);
	put_int(&update, 5, change->skipped);
	query_run(&update);
}

static void write_store(struct tx *tx, const struct store_change *change)
{
	struct query update =
		query(tx, "INSERT INTO store_count (store_id, n_due, n_held) VALUES (?1, ?2, ?3)"
			  " ON CONFLICT DO UPDATE SET n_due = n_due + ?2, n_held = n_held + ?3");

	put_int(&update, 1, change->store_id);
	put_int(&update, 2, change->n_due);
	put_int(&update, 3, change->n_held);
	query_run(&update);
}

void counts_write(struct tx *tx)
{
	for (size_t i = 0; i < tx->n_lane; i++)
		write_lane(tx, &tx->lane[i]);
	for (size_t i = 0; i < tx->n_account; i++)
		write_account(tx, &tx->account[i]);
	for (size_t i = 0; i < tx->n_store; i++)
		write_store(tx, &tx->store[i]);
	tx->n_lane = 0;
	tx->n_account = 0;
	tx->n_store = 0;
}

static bool same_lane(const struct lane_change *a, const struct lane_change *b)
{
	return a->account_id == b->account_id && a->kind == b->kind && a->op == b->op &&
	       a->priority == b->priority;
}

void count_lane(struct tx *tx, const struct lane_change *change)
{
	size_t i = 0;

	while (i < tx->n_lane && !same_lane(&tx->lane[i], change))
		i++;
	if (i == LANE_CHANGES_MAX) {
		counts_write(tx);
		i = 0;
	}
	if (i == tx->n_lane) {
		tx->lane[tx->n_lane++] = *change;
		return;
	}
	tx->lane[i].n_ready += change->n_ready;
	tx->lane[i].n_blocked += change->n_blocked;
	tx->lane[i].n_waiting += change->n_waiting;
	tx->lane[i].n_sending += change->n_sending;
}

void count_account(struct tx *tx, const struct account_change *change)
{
	size_t i = 0;

	while (i < tx->n_account && tx->account[i].account_id != change->account_id)
		i++;
	if (i == ACCOUNT_CHANGES_MAX) {
		counts_write(tx);
		i = 0;
	}
	if (i == tx->n_account) {
		tx->account[tx->n_account++] = *change;
		return;
	}
	tx->account[i].created += change->created;
	tx->account[i].accepted += change->accepted;
	tx->account[i].failed += change->failed;
	tx->account[i].skipped += change->skipped;
}

void count_store(struct tx *tx, const struct store_change *change)
{
	size_t i = 0;

	while (i < tx->n_store && tx->store[i].store_id != change->store_id)
		i++;
	if (i == STORE_CHANGES_MAX) {
		counts_write(tx);
		i = 0;
	}
	if (i == tx->n_store) {
		tx->store[tx->n_store++] = *change;
		return;
	}
	tx->store[i].n_due += change->n_due;
	tx->store[i].n_held += change->n_held;
}
