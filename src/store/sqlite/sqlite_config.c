/*
 * SQLite backend: accounts, stores and their settings.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

bool sqlite_config_version(struct db *db, int64_t *version, struct err *err)
{
	struct tx tx;
	struct query select;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	select = query(&tx, "SELECT version FROM config");
	*version = query_int(&select, 0);
	return tx_commit(&tx, err);
}

static struct account_row *load_accounts(struct tx *tx, struct arena *arena, size_t *n)
{
	struct query count = query(tx, "SELECT count(*) FROM account");
	struct account_row *row = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct account_row);
	struct query select = query(
		tx, "SELECT id, name, key_sealed, key_last4, settings, created_ms FROM account ORDER BY id");

	for (*n = 0; query_row(&select); (*n)++)
		row[*n] = (struct account_row){
			.id = get_int(&select, 0),
			.name = get_text(&select, 1, arena),
			.key_sealed = get_text(&select, 2, arena),
			.key_last4 = get_text(&select, 3, arena),
			.settings = get_text(&select, 4, arena),
			.created_ms = get_int(&select, 5),
		};
	return row;
}

static struct store_row *load_stores(struct tx *tx, struct arena *arena, size_t *n)
{
	struct query count = query(tx, "SELECT count(*) FROM store");
	struct store_row *row = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct store_row);
	struct query select =
		query(tx, "SELECT id, account_id, name, platform, secret_sealed, secret_last4, settings,"
			  " created_ms FROM store ORDER BY id");

	for (*n = 0; query_row(&select); (*n)++)
		row[*n] = (struct store_row){
			.id = get_int(&select, 0),
			.account_id = get_int(&select, 1),
			.name = get_text(&select, 2, arena),
			.platform = get_text(&select, 3, arena),
			.secret_sealed = get_text(&select, 4, arena),
			.secret_last4 = get_text(&select, 5, arena),
			.settings = get_text(&select, 6, arena),
			.created_ms = get_int(&select, 7),
		};
	return row;
}

bool sqlite_config_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err)
{
	struct tx tx;
	struct query version;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	*out = (struct config_rows){ 0 };
	version = query(&tx, "SELECT version, defaults FROM config");
	if (query_row(&version)) {
		out->version = get_int(&version, 0);
		out->defaults = get_text(&version, 1, arena);
	}
	query_end(&version);
	out->account = load_accounts(&tx, arena, &out->n_account);
	out->store = load_stores(&tx, arena, &out->n_store);
	return tx_commit(&tx, err);
}

/* ---- changes ---- */

static bool exists(struct tx *tx, const char *sql, int64_t id)
{
	struct query select = query(tx, sql);

	put_int(&select, 1, id);
	return query_int(&select, 0) != 0;
}

/* Is the name used by a row with another id? */
static bool name_taken(struct tx *tx, const char *sql, struct str name, int64_t id)
{
	struct query select = query(tx, sql);

	put_text(&select, 1, name);
	put_int(&select, 2, id);
	return query_int(&select, 0) != 0;
}

/* Ids are given once: a removed one does not come again. */
static int64_t new_account_id(struct tx *tx)
{
	struct query update = query(
		tx, "UPDATE config SET last_account_id = last_account_id + 1 RETURNING last_account_id");
	int64_t id = query_int(&update, 0);

	count_account(tx, &(struct account_change){ .account_id = id });
	return id;
}

static int64_t new_store_id(struct tx *tx)
{
	struct query update =
		query(tx, "UPDATE config SET last_store_id = last_store_id + 1 RETURNING last_store_id");
	int64_t id = query_int(&update, 0);

	count_store(tx, &(struct store_change){ .store_id = id });
	return id;
}

static void account_write(struct tx *tx, const struct config_change *change, int64_t *id)
{
	const struct account_row *row = &change->account;
	struct query write;

	*id = row->id ? row->id : new_account_id(tx);
	write = query(
		tx,
		"INSERT INTO account VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT (id) DO UPDATE SET name = ?2, key_sealed = ?3, key_last4 = ?4, settings = ?5");
	put_int(&write, 1, *id);
	put_text(&write, 2, row->name);
	put_blob(&write, 3, row->key_sealed);
	put_text(&write, 4, row->key_last4);
	put_text(&write, 5, row->settings);
	put_int(&write, 6, change->now_ms);
	query_run(&write);
}

static bool account_put(struct tx *tx, const struct config_change *change, int64_t *id, struct err *err)
{
	const struct account_row *row = &change->account;

	if (row->id != 0 && !exists(tx, "SELECT 1 FROM account WHERE id = ?1", row->id))
		return err_set(err, ERR_NOT_FOUND, "no account %" PRId64, row->id);
	if (name_taken(tx, "SELECT 1 FROM account WHERE name = ?1 AND id <> ?2", row->name, row->id))
		return err_set(err, ERR_INVALID, "there is an account '%.*s' already", STR_ARG(row->name));
	account_write(tx, change, id);
	return true;
}

static bool account_remove(struct tx *tx, int64_t id, struct err *err)
{
	struct query remove;

	if (!exists(tx, "SELECT 1 FROM account WHERE id = ?1", id))
		return err_set(err, ERR_NOT_FOUND, "no account %" PRId64, id);
	if (exists(tx, "SELECT 1 FROM store WHERE account_id = ?1", id))
		return err_set(err, ERR_INVALID, "the account is used by a store");
	remove = query(tx, "DELETE FROM account WHERE id = ?1");
	put_int(&remove, 1, id);
	query_run(&remove);
	remove = query(tx, "DELETE FROM budget WHERE account_id = ?1");
	put_int(&remove, 1, id);
	query_run(&remove);
	return true;
}

static void store_write(struct tx *tx, const struct config_change *change, int64_t *id)
{
	const struct store_row *row = &change->store;
	struct query write;

	*id = row->id ? row->id : new_store_id(tx);
	write = query(
		tx,
		"INSERT INTO store VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
		" ON CONFLICT (id) DO UPDATE SET account_id = ?2, name = ?3, platform = ?4, secret_sealed ="
		" ?5,"
		" secret_last4 = ?6, settings = ?7");
	put_int(&write, 1, *id);
	put_int(&write, 2, row->account_id);
	put_text(&write, 3, row->name);
	put_text(&write, 4, row->platform);
	put_blob(&write, 5, row->secret_sealed);
	put_text(&write, 6, row->secret_last4);
	put_text(&write, 7, row->settings);
	put_int(&write, 8, change->now_ms);
	query_run(&write);
}

static bool store_put(struct tx *tx, const struct config_change *change, int64_t *id, struct err *err)
{
	const struct store_row *row = &change->store;

	if (row->id != 0 && !exists(tx, "SELECT 1 FROM store WHERE id = ?1", row->id))
		return err_set(err, ERR_NOT_FOUND, "no store %" PRId64, row->id);
	if (!exists(tx, "SELECT 1 FROM account WHERE id = ?1", row->account_id))
		return err_set(err, ERR_INVALID, "no account %" PRId64, row->account_id);
	if (name_taken(tx, "SELECT 1 FROM store WHERE name = ?1 AND id <> ?2", row->name, row->id))
		return err_set(err, ERR_INVALID, "there is a store '%.*s' already", STR_ARG(row->name));
	store_write(tx, change, id);
	return true;
}

static bool store_remove(struct tx *tx, int64_t id, struct err *err)
{
	struct query remove;

	if (!exists(tx, "SELECT 1 FROM store WHERE id = ?1", id))
		return err_set(err, ERR_NOT_FOUND, "no store %" PRId64, id);
	remove = query(tx, "DELETE FROM store WHERE id = ?1");
	put_int(&remove, 1, id);
	query_run(&remove);
	return true;
}

static void defaults_put(struct tx *tx, struct str defaults)
{
	struct query update = query(tx, "UPDATE config SET defaults = ?1");

	put_text(&update, 1, defaults);
	query_run(&update);
}

/* ---- the verb ---- */

static bool change_row(struct tx *tx, const struct config_change *change, struct audit_row *audit,
		       struct err *err)
{
	switch (change->kind) {
	case CONFIG_ACCOUNT_PUT:
		return account_put(tx, change, &audit->account_id, err);
	case CONFIG_ACCOUNT_REMOVE:
		audit->account_id = change->account.id;
		return account_remove(tx, change->account.id, err);
	case CONFIG_STORE_PUT:
		audit->account_id = change->store.account_id;
		return store_put(tx, change, &audit->store_id, err);
	case CONFIG_STORE_REMOVE:
		audit->store_id = change->store.id;
		return store_remove(tx, change->store.id, err);
	case CONFIG_DEFAULTS_PUT:
		defaults_put(tx, change->defaults);
		return true;
	}
	return err_set(err, ERR_INVALID, "unknown change");
}

static void sweep_stores(struct tx *tx, const struct config_change *change, struct arena *arena)
{
	struct entity all = { .id = STR("") };
	size_t n;
	const struct store_row *store = load_stores(tx, arena, &n);

	for (size_t i = 0; i < n; i++)
		if (store_is_swept(change, &store[i]))
			sweep_add(tx, store[i].id, all, all);
}

static int64_t version_now(struct tx *tx)
{
	struct query select = query(tx, "SELECT version FROM config");

	return query_int(&select, 0);
}

static void history_add(struct tx *tx, const struct config_change *change, const struct audit_row *audit)
{
	bool added = change->kind == CONFIG_STORE_PUT	  ? change->store.id == 0
		     : change->kind == CONFIG_ACCOUNT_PUT ? change->account.id == 0
							  : false;
	struct query write =
		query(tx, "INSERT INTO config_history SELECT version, ?1, ?2, ?3, ?4, ?5, ?6, ?7,"
			  " ?8, ?9 FROM config");

	put_int(&write, 1, change->now_ms);
	put_int(&write, 2, change->kind);
	put_int(&write, 3, audit->account_id);
	put_int(&write, 4, audit->store_id);
	put_text(&write, 5, store_change_name(change));
	put_text(&write, 6, change->actor);
	put_text(&write, 7, change->reason);
	put_text(&write, 8, change->values);
	put_int(&write, 9, added);
	query_run(&write);
	write = query(tx, "DELETE FROM config_history WHERE version <= (SELECT version FROM config) - ?1");
	put_int(&write, 1, STORE_HISTORY_MAX);
	query_run(&write);
}

bool sqlite_config_history(struct db *db, const struct config_history_filter *filter, struct arena *arena,
			   struct config_history_row **row, size_t *n, struct err *err)
{
	struct query select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	*row = ARENA_ARRAY(arena, filter->max_n, struct config_history_row);
	select = query(
		&tx, "SELECT version, at_ms, kind, account_id, store_id, name, actor, reason, changed, added"
		     " FROM config_history WHERE version < ?1 AND (?2 = 0 OR store_id = ?2)"
		     " AND (?3 = 0 OR (account_id = ?3 AND store_id = 0)) AND (?5 < 0 OR kind = ?5)"
		     " ORDER BY version DESC LIMIT ?4");
	put_int(&select, 1, filter->before_version ? filter->before_version : INT64_MAX);
	put_int(&select, 2, filter->store_id);
	put_int(&select, 3, filter->account_id);
	put_int(&select, 4, (int64_t)filter->max_n);
	put_int(&select, 5, filter->defaults ? CONFIG_DEFAULTS_PUT : -1);
	for (*n = 0; query_row(&select); (*n)++)
		(*row)[*n] = (struct config_history_row){
			.version = get_int(&select, 0),
			.at_ms = get_int(&select, 1),
			.kind = (enum config_change_kind)get_choice(&select, 2, CONFIG_DEFAULTS_PUT + 1),
			.account_id = get_int(&select, 3),
			.store_id = get_int(&select, 4),
			.name = get_text(&select, 5, arena),
			.actor = get_text(&select, 6, arena),
			.reason = get_text(&select, 7, arena),
			.values = get_text(&select, 8, arena),
			.added = get_int(&select, 9) != 0,
		};
	return tx_commit(&tx, err);
}

bool sqlite_config_change(struct db *db, const struct config_change *change, struct err *err)
{
	struct audit_row audit = { .code = AUDIT_CONFIG_CHANGED, .reason = change->reason };
	struct query update;
	struct arena arena;
	int64_t version;
	struct tx tx;
	bool ok = false;

	if (!tx_begin_write(&tx, db, CRASH_config_change, change->now_ms, err))
		return false;
	arena_init(&arena);
	version = version_now(&tx);
	if (tx.rc == SQLITE_OK && version != change->expected_version) {
		tx_abort(&tx);
		(void)err_set(err, ERR_CONFLICT, "settings are at version %" PRId64 ", not %" PRId64, version,
			      change->expected_version);
		goto out;
	}
	if (tx.rc == SQLITE_OK && !change_row(&tx, change, &audit, err) && tx.rc == SQLITE_OK) {
		tx_abort(&tx);
		goto out;
	}
	update = query(&tx, "UPDATE config SET version = version + 1");
	query_run(&update);
	if (!change->silent) {
		audit_add(&tx, &audit);
		history_add(&tx, change, &audit);
	}
	if (change->kind == CONFIG_STORE_REMOVE)
		store_forget(&tx, change->store.id, &arena);
	if (change->sweep)
		sweep_stores(&tx, change, &arena);
	ok = tx_commit(&tx, err);
out:
	arena_release(&arena);
	return ok;
}
