/*
 * Memory backend: accounts, stores and their settings.
 */
#include "store/memory/memory_internal.h"

#include <inttypes.h>

bool memory_config_version(struct db *db, int64_t *version, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*version = memory->config_version;
	memory_unlock(memory);
	return true;
}

static struct account_row account_dup(struct arena *arena, const struct account_row *row)
{
	return (struct account_row){
		.id = row->id,
		.name = arena_dup(arena, row->name),
		.key_sealed = arena_dup(arena, row->key_sealed),
		.key_last4 = arena_dup(arena, row->key_last4),
		.settings = arena_dup(arena, row->settings),
		.created_ms = row->created_ms,
	};
}

static struct store_row store_dup(struct arena *arena, const struct store_row *row)
{
	return (struct store_row){
		.id = row->id,
		.account_id = row->account_id,
		.name = arena_dup(arena, row->name),
		.platform = arena_dup(arena, row->platform),
		.secret_sealed = arena_dup(arena, row->secret_sealed),
		.secret_last4 = arena_dup(arena, row->secret_last4),
		.settings = arena_dup(arena, row->settings),
		.created_ms = row->created_ms,
	};
}

bool memory_config_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct account_row *account = ARENA_ARRAY(arena, memory->account.n, struct account_row);
	struct store_row *store = ARENA_ARRAY(arena, memory->store.n, struct store_row);

	(void)err;
	for (size_t i = 0; i < memory->account.n; i++)
		account[i] = account_dup(arena, &memory->account.at[i]);
	for (size_t i = 0; i < memory->store.n; i++)
		store[i] = store_dup(arena, &memory->store.at[i]);
	*out = (struct config_rows){
		.version = memory->config_version,
		.account = account,
		.n_account = memory->account.n,
		.store = store,
		.n_store = memory->store.n,
		.defaults = arena_dup(arena, memory->defaults),
	};
	memory_unlock(memory);
	return true;
}

static struct account_row *find_account(struct memory *memory, int64_t id)
{
	for (size_t i = 0; i < memory->account.n; i++)
		if (memory->account.at[i].id == id)
			return &memory->account.at[i];
	return NULL;
}

static struct store_row *find_store(struct memory *memory, int64_t id)
{
	for (size_t i = 0; i < memory->store.n; i++)
		if (memory->store.at[i].id == id)
			return &memory->store.at[i];
	return NULL;
}

static bool account_put(struct memory *memory, const struct config_change *change, int64_t *id,
			struct err *err)
{
	struct account_row *row = find_account(memory, change->account.id);
	int64_t created_ms = row ? row->created_ms : change->now_ms;

	if (change->account.id != 0 && !row)
		return err_set(err, ERR_NOT_FOUND, "no account %" PRId64, change->account.id);
	for (size_t i = 0; i < memory->account.n; i++)
		if (&memory->account.at[i] != row && str_eq(memory->account.at[i].name, change->account.name))
			return err_set(err, ERR_INVALID, "there is an account '%.*s' already",
				       STR_ARG(change->account.name));
	if (!row) {
		row = LIST_ADD(&memory->account);
		row->id = ++memory->last_account_id;
	}
	*id = row->id;
	(void)memory_account_count(memory, *id);
	*row = account_dup(&memory->arena, &change->account);
	row->id = *id;
	row->created_ms = created_ms;
	return true;
}

static bool account_remove(struct memory *memory, int64_t id, struct err *err)
{
	struct account_row *row = find_account(memory, id);

	if (!row)
		return err_set(err, ERR_NOT_FOUND, "no account %" PRId64, id);
	for (size_t i = 0; i < memory->store.n; i++)
		if (memory->store.at[i].account_id == id)
			return err_set(err, ERR_INVALID, "account '%.*s' is used by store '%.*s'",
				       STR_ARG(row->name), STR_ARG(memory->store.at[i].name));
	LIST_REMOVE(&memory->account, (size_t)(row - memory->account.at));
	for (size_t i = memory->budget.n; i-- > 0;)
		if (memory->budget.at[i].account_id == id)
			LIST_REMOVE(&memory->budget, i);
	return true;
}

static bool store_put(struct memory *memory, const struct config_change *change, int64_t *id, struct err *err)
{
	struct store_row *row = find_store(memory, change->store.id);
	int64_t created_ms = row ? row->created_ms : change->now_ms;

	if (change->store.id != 0 && !row)
		return err_set(err, ERR_NOT_FOUND, "no store %" PRId64, change->store.id);
	if (!find_account(memory, change->store.account_id))
		return err_set(err, ERR_INVALID, "no account %" PRId64, change->store.account_id);
	for (size_t i = 0; i < memory->store.n; i++)
		if (&memory->store.at[i] != row && str_eq(memory->store.at[i].name, change->store.name))
			return err_set(err, ERR_INVALID, "there is a store '%.*s' already",
				       STR_ARG(change->store.name));
	if (!row) {
		row = LIST_ADD(&memory->store);
		row->id = ++memory->last_store_id;
	}
	*id = row->id;
	(void)memory_store_count(memory, *id);
	*row = store_dup(&memory->arena, &change->store);
	row->id = *id;
	row->created_ms = created_ms;
	return true;
}

/* Drops what is pending or failed of a store that is gone. */
static int64_t discard_messages(struct memory *memory, int64_t store_id)
{
	struct store_summary *count = memory_store_count(memory, store_id);
	int64_t n = 0;

	for (size_t i = 0; i < memory->message.n; i++) {
		struct memory_message *message = &memory->message.at[i];

		if (message->row.store_id != store_id ||
		    (message->row.state != MESSAGE_PENDING && message->row.state != MESSAGE_FAILED))
			continue;
		message->row.state = MESSAGE_DISCARDED;
		n++;
	}
	count->pending = 0;
	count->failed = 0;
	count->discarded += n;
	return n;
}

static void discard_deliveries(struct memory *memory, int64_t store_id, int64_t now_ms)
{
	for (size_t i = 0; i < memory->delivery.n;) {
		const struct delivery *row = &memory->delivery.at[i].row;

		if (row->store_id == store_id && row->state != DELIVERY_SENDING)
			memory_delivery_skip(memory, now_ms, row->id, AUDIT_DELIVERY_SKIPPED,
					     STR(STORE_TEXT_STORE_REMOVED));
		else
			i++;
	}
}

/* What is sent stays: another store of the account may take it over. */
static void forget_catalog(struct memory *memory, int64_t store_id)
{
	for (size_t i = memory->due.n; i-- > 0;)
		if (memory->due.at[i].store_id == store_id)
			LIST_REMOVE(&memory->due, i);
	for (size_t i = memory->held.n; i-- > 0;)
		if (memory->held.at[i].store_id == store_id)
			LIST_REMOVE(&memory->held, i);
	for (size_t i = memory->sweep.n; i-- > 0;)
		if (memory->sweep.at[i].store_id == store_id)
			LIST_REMOVE(&memory->sweep, i);
	memory_entities_forget(memory, store_id);
}

static void remove_store_rows(struct memory *memory, int64_t store_id, int64_t now_ms)
{
	struct arena arena;
	int64_t n = discard_messages(memory, store_id);

	arena_init(&arena);
	if (n > 0)
		memory_audit(memory, now_ms,
			     &(struct audit_row){ .code = AUDIT_MESSAGE_DISCARDED,
						  .store_id = store_id,
						  .reason = store_text_discarded(&arena, n) });
	arena_release(&arena);
	discard_deliveries(memory, store_id, now_ms);
	memory_imports_forget(memory, store_id);
	memory_tasks_forget(memory, store_id);
	forget_catalog(memory, store_id);
}

static bool store_remove(struct memory *memory, int64_t id, struct err *err)
{
	struct store_row *row = find_store(memory, id);

	if (!row)
		return err_set(err, ERR_NOT_FOUND, "no store %" PRId64, id);
	LIST_REMOVE(&memory->store, (size_t)(row - memory->store.at));
	return true;
}

static bool change_row(struct memory *memory, const struct config_change *change, struct audit_row *audit,
		       struct err *err)
{
	switch (change->kind) {
	case CONFIG_ACCOUNT_PUT:
		return account_put(memory, change, &audit->account_id, err);
	case CONFIG_ACCOUNT_REMOVE:
		audit->account_id = change->account.id;
		return account_remove(memory, change->account.id, err);
	case CONFIG_STORE_PUT:
		audit->account_id = change->store.account_id;
		return store_put(memory, change, &audit->store_id, err);
	case CONFIG_STORE_REMOVE:
		audit->store_id = change->store.id;
		return store_remove(memory, change->store.id, err);
	case CONFIG_DEFAULTS_PUT:
		memory->defaults = memory_text(memory, change->defaults);
		return true;
	}
	return err_set(err, ERR_INVALID, "unknown change");
}

static void sweep_stores(struct memory *memory, const struct config_change *change)
{
	struct entity all = { .id = STR("") };

	for (size_t i = 0; i < memory->store.n; i++)
		if (store_is_swept(change, &memory->store.at[i]))
			memory_sweep_add(memory, memory->store.at[i].id, all, all);
}

static void history_add(struct memory *memory, const struct config_change *change,
			const struct audit_row *audit)
{
	*LIST_ADD(&memory->history) = (struct config_history_row){
		.version = memory->config_version,
		.at_ms = change->now_ms,
		.kind = change->kind,
		.added = change->kind == CONFIG_STORE_PUT     ? change->store.id == 0
			 : change->kind == CONFIG_ACCOUNT_PUT ? change->account.id == 0
							      : false,
		.account_id = audit->account_id,
		.store_id = audit->store_id,
		.name = memory_text(memory, store_change_name(change)),
		.actor = memory_text(memory, change->actor),
		.reason = memory_text(memory, change->reason),
		.values = memory_text(memory, change->values),
	};
	if (memory->history.n > STORE_HISTORY_MAX)
		LIST_REMOVE(&memory->history, 0);
}

static bool history_fits(const struct config_history_filter *filter, const struct config_history_row *row)
{
	if (filter->before_version && row->version >= filter->before_version)
		return false;
	if (filter->store_id && row->store_id != filter->store_id)
		return false;
	if (filter->defaults && row->kind != CONFIG_DEFAULTS_PUT)
		return false;
	return !filter->account_id || (row->account_id == filter->account_id && row->store_id == 0);
}

bool memory_config_history(struct db *db, const struct config_history_filter *filter, struct arena *arena,
			   struct config_history_row **row, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*row = ARENA_ARRAY(arena, filter->max_n, struct config_history_row);
	*n = 0;
	for (size_t i = memory->history.n; i-- > 0 && *n < filter->max_n;) {
		struct config_history_row *one = &memory->history.at[i];

		if (!history_fits(filter, one))
			continue;
		(*row)[*n] = *one;
		(*row)[*n].name = arena_dup(arena, one->name);
		(*row)[*n].actor = arena_dup(arena, one->actor);
		(*row)[*n].reason = arena_dup(arena, one->reason);
		(*row)[(*n)++].values = arena_dup(arena, one->values);
	}
	memory_unlock(memory);
	return true;
}

bool memory_config_change(struct db *db, const struct config_change *change, struct err *err)
{
	struct memory *memory = memory_lock(db);
	struct audit_row audit = { .code = AUDIT_CONFIG_CHANGED, .reason = change->reason };
	bool ok = false;

	if (change->expected_version != memory->config_version) {
		(void)err_set(err, ERR_CONFLICT, "settings are at version %" PRId64 ", not %" PRId64,
			      memory->config_version, change->expected_version);
		goto out;
	}
	if (!change_row(memory, change, &audit, err))
		goto out;
	memory->config_version++;
	if (!change->silent) {
		memory_audit(memory, change->now_ms, &audit);
		history_add(memory, change, &audit);
	}
	if (change->kind == CONFIG_STORE_REMOVE)
		remove_store_rows(memory, change->store.id, change->now_ms);
	if (change->sweep)
		sweep_stores(memory, change);
	ok = true;
out:
	memory_unlock(memory);
	return ok;
}
