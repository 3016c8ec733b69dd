/*
 * Settings: immutable snapshots of all accounts and stores, opened and with their defaults filled in.
 *
 * Does:    loads, unseals, hands out the newest snapshot and keeps older ones until their last reader is
 *          done.
 * Doesn't: change anything (settings_change.c) or know what a row means (setting_table.c).
 * Keeps:   a snapshot never changes after it was published; versions only grow; secrets are overwritten
 *          when a snapshot is freed.
 * Threads: all functions from any thread; the lock is held only to move pointers and counts.
 */
#include "settings/settings.h"

#include "base/alloc.h"
#include "settings/settings_internal.h"

#include <assert.h>
#include <stdlib.h>

static bool broken_or_fail(const struct settings *settings, const char *what, struct str name, bool *broken,
			   struct err *err)
{
	if (!settings->repair)
		return err_wrap(err, "%s '%.*s'", what, STR_ARG(name));
	*broken = true;
	return true;
}

/* The private key, or the tokens. */
static bool credential_open(const struct settings *settings, const struct account_row *row,
			    struct arena *arena, struct settings_account *out, struct err *err)
{
	struct str text;

	if (!seal_open_text(&settings->key, account_label(row->name, arena), row->key_sealed, arena, &text,
			    err))
		return false;
	out->oauth = token_read(text, arena, &out->token);
	out->key = out->oauth ? out->token.access : text;
	if (out->oauth)
		seal_text_wipe(text);
	return true;
}

static bool account_read(const struct settings *settings, const struct settings_defaults *defaults,
			 const struct account_row *row, struct arena *arena, struct settings_account *out,
			 struct err *err)
{
	*out = (struct settings_account){ .id = row->id,
					  .name = row->name,
					  .key_last4 = row->key_last4,
					  .overrides = row->settings,
					  .created_ms = row->created_ms };
	if (!values_read(row->settings, SETTING_ACCOUNT, defaults, arena, out->value, out->from, err))
		return err_wrap(err, "account '%.*s'", STR_ARG(row->name));
	if (!credential_open(settings, row, arena, out, err) ||
	    !values_open(&settings->key, row->name, arena, out->value, err))
		return broken_or_fail(settings, "key of account", row->name, &out->broken, err);
	return true;
}

static bool secrets_open(const struct settings *settings, const struct store_row *row, struct arena *arena,
			 struct settings_store *out, struct err *err)
{
	struct str text;
	bool ok;

	if (!seal_open_text(&settings->key, store_label(row->name, arena), row->secret_sealed, arena, &text,
			    err))
		return false;
	ok = secrets_read(text, arena, out->secret, &out->n_secret);
	seal_text_wipe(text);
	return ok || err_set(err, ERR_DENIED, "the stored bytes were changed");
}

static bool store_read(const struct settings *settings, const struct snapshot *snapshot,
		       const struct store_row *row, struct arena *arena, struct settings_store *out,
		       struct err *err)
{
	*out = (struct settings_store){ .id = row->id,
					.name = row->name,
					.platform = row->platform,
					.secret_last4 = row->secret_last4,
					.overrides = row->settings,
					.created_ms = row->created_ms,
					.account = snapshot_account(snapshot, row->account_id) };
	if (!out->account)
		return err_set(err, ERR_FATAL, "store '%.*s' belongs to no account", STR_ARG(row->name));
	if (!values_read(row->settings, SETTING_STORE, &snapshot->defaults, arena, out->value, out->from,
			 err))
		return err_wrap(err, "store '%.*s'", STR_ARG(row->name));
	if (!secrets_open(settings, row, arena, out, err) ||
	    !values_open(&settings->key, row->name, arena, out->value, err))
		return broken_or_fail(settings, "secret of store", row->name, &out->broken, err);
	return true;
}

static int account_name_cmp(const void *a, const void *b)
{
	return str_cmp(((const struct settings_account *)a)->name,
		       ((const struct settings_account *)b)->name);
}

static int store_name_cmp(const void *a, const void *b)
{
	return str_cmp(((const struct settings_store *)a)->name, ((const struct settings_store *)b)->name);
}

static int id_cmp(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int account_id_cmp(const void *a, const void *b)
{
	return id_cmp((*(const struct settings_account *const *)a)->id,
		      (*(const struct settings_account *const *)b)->id);
}

static int store_id_cmp(const void *a, const void *b)
{
	return id_cmp((*(const struct settings_store *const *)a)->id,
		      (*(const struct settings_store *const *)b)->id);
}

/* Accounts come first: a store points at its own. */
static bool accounts_fill(const struct settings *settings, const struct config_rows *rows,
			  struct snapshot_box *box, struct err *err)
{
	struct snapshot *snapshot = &box->snapshot;
	struct settings_account *account = ARENA_ARRAY(&box->arena, rows->n_account, struct settings_account);
	const struct settings_account **by_id =
		ARENA_ARRAY(&box->arena, rows->n_account, const struct settings_account *);

	snapshot->account = account;
	snapshot->account_by_id = by_id;
	for (size_t i = 0; i < rows->n_account; i++) {
		if (!account_read(settings, &snapshot->defaults, &rows->account[i], &box->arena, &account[i],
				  err))
			return false;
		snapshot->n_account++;
	}
	qsort(account, rows->n_account, sizeof(*account), account_name_cmp);
	for (size_t i = 0; i < rows->n_account; i++)
		by_id[i] = &account[i];
	qsort(by_id, rows->n_account, sizeof(struct settings_account *), account_id_cmp);
	return true;
}

static bool stores_fill(const struct settings *settings, const struct config_rows *rows,
			struct snapshot_box *box, struct err *err)
{
	struct snapshot *snapshot = &box->snapshot;
	struct settings_store *store = ARENA_ARRAY(&box->arena, rows->n_store, struct settings_store);
	const struct settings_store **by_id =
		ARENA_ARRAY(&box->arena, rows->n_store, const struct settings_store *);

	snapshot->store = store;
	snapshot->store_by_id = by_id;
	for (size_t i = 0; i < rows->n_store; i++) {
		if (!store_read(settings, snapshot, &rows->store[i], &box->arena, &store[i], err))
			return false;
		snapshot->n_store++;
	}
	qsort(store, rows->n_store, sizeof(*store), store_name_cmp);
	for (size_t i = 0; i < rows->n_store; i++)
		by_id[i] = &store[i];
	qsort(by_id, rows->n_store, sizeof(struct settings_store *), store_id_cmp);
	return true;
}

static bool box_fill(const struct settings *settings, struct snapshot_box *box, struct err *err)
{
	struct config_rows rows = { 0 };

	if (!db_config_load(settings->db, &box->arena, &rows, err))
		return false;
	box->snapshot.version = rows.version;
	if (!defaults_read(rows.defaults, &box->arena, &box->snapshot.defaults, err))
		return err_wrap(err, "defaults of the installation");
	return accounts_fill(settings, &rows, box, err) && stores_fill(settings, &rows, box, err);
}

static void box_free(struct snapshot_box *box)
{
	for (size_t i = 0; i < box->snapshot.n_account; i++) {
		seal_text_wipe(box->snapshot.account[i].key);
		seal_text_wipe(box->snapshot.account[i].token.refresh);
		values_wipe(box->snapshot.account[i].value);
	}
	for (size_t i = 0; i < box->snapshot.n_store; i++) {
		for (size_t j = 0; j < box->snapshot.store[i].n_secret; j++)
			seal_text_wipe(box->snapshot.store[i].secret[j]);
		values_wipe(box->snapshot.store[i].value);
	}
	arena_release(&box->arena);
	mem_free(box);
}

static bool box_load(const struct settings *settings, struct snapshot_box **out, struct err *err)
{
	struct snapshot_box *box = mem_zalloc(1, sizeof(*box));

	arena_init(&box->arena);
	if (!box_fill(settings, box, err)) {
		box_free(box);
		return false;
	}
	*out = box;
	return true;
}

/* Frees what is neither the newest nor taken. Under the lock. */
static void drop_old(struct settings *settings)
{
	struct snapshot_box **at = &settings->newest->next;

	while (*at) {
		struct snapshot_box *box = *at;

		if (box->n_taken > 0) {
			at = &box->next;
			continue;
		}
		*at = box->next;
		box_free(box);
	}
}

/* Takes box over; of two loaded at the same time the newer one stays. */
static void publish(struct settings *settings, struct snapshot_box *box)
{
	pthread_mutex_lock(&settings->lock);
	if (settings->newest && box->snapshot.version <= settings->newest->snapshot.version) {
		box_free(box);
	} else {
		box->next = settings->newest;
		settings->newest = box;
		drop_old(settings);
	}
	pthread_mutex_unlock(&settings->lock);
}

static bool open_either(struct db *db, const char *key_file, bool repair, struct settings **out,
			struct err *err)
{
	struct settings *settings = mem_zalloc(1, sizeof(*settings));
	struct snapshot_box *box;

	settings->db = db;
	settings->repair = repair;
	if (!seal_key_open(key_file, &settings->key, err) || !box_load(settings, &box, err)) {
		seal_key_wipe(&settings->key);
		mem_free(settings);
		return false;
	}
	(void)pthread_mutex_init(&settings->lock, NULL); /* a default mutex cannot fail */
	publish(settings, box);
	*out = settings;
	return true;
}

bool settings_open(struct db *db, const char *key_file, struct settings **out, struct err *err)
{
	return open_either(db, key_file, false, out, err);
}

bool settings_open_repair(struct db *db, const char *key_file, struct settings **out, struct err *err)
{
	return open_either(db, key_file, true, out, err);
}

void settings_close(struct settings *settings)
{
	if (!settings)
		return;
	drop_old(settings);
	assert(!settings->newest->next && settings->newest->n_taken == 0);
	box_free(settings->newest);
	(void)pthread_mutex_destroy(&settings->lock);
	seal_key_wipe(&settings->key);
	mem_free(settings);
}

bool settings_refresh(struct settings *settings, bool *changed, struct err *err)
{
	struct snapshot_box *box;
	int64_t version, known;

	if (!db_config_version(settings->db, &version, err))
		return false;
	pthread_mutex_lock(&settings->lock);
	known = settings->newest->snapshot.version;
	pthread_mutex_unlock(&settings->lock);
	if (changed)
		*changed = version != known;
	if (version == known)
		return true;
	if (!box_load(settings, &box, err))
		return err_wrap(err, "read the settings");
	publish(settings, box);
	return true;
}

struct str settings_seal(struct settings *settings, struct str label, struct str text, struct arena *arena)
{
	return seal_text(&settings->key, label, text, arena);
}

bool settings_unseal(struct settings *settings, struct str label, struct str sealed, struct arena *arena,
		     struct str *out, struct err *err)
{
	return seal_open_text(&settings->key, label, sealed, arena, out, err);
}

const struct snapshot *settings_take(struct settings *settings)
{
	const struct snapshot *snapshot;

	pthread_mutex_lock(&settings->lock);
	settings->newest->n_taken++;
	snapshot = &settings->newest->snapshot;
	pthread_mutex_unlock(&settings->lock);
	return snapshot;
}

void settings_release(struct settings *settings, const struct snapshot *snapshot)
{
	struct snapshot_box *box;

	pthread_mutex_lock(&settings->lock);
	for (box = settings->newest; box && &box->snapshot != snapshot; box = box->next)
		;
	assert(box && box->n_taken > 0);
	box->n_taken--;
	drop_old(settings);
	pthread_mutex_unlock(&settings->lock);
}

const struct settings_store *snapshot_find_store(const struct snapshot *snapshot, struct str name)
{
	struct settings_store wanted = { .name = name };

	return snapshot->n_store == 0
		       ? NULL
		       : bsearch(&wanted, snapshot->store, snapshot->n_store, sizeof(wanted), store_name_cmp);
}

const struct settings_store *snapshot_store(const struct snapshot *snapshot, int64_t id)
{
	struct settings_store wanted = { .id = id };
	const struct settings_store *key = &wanted, *const * found;

	found = snapshot->n_store == 0
			? NULL
			: bsearch(&key, snapshot->store_by_id, snapshot->n_store, sizeof(key), store_id_cmp);
	return found ? *found : NULL;
}

const struct settings_account *snapshot_find_account(const struct snapshot *snapshot, struct str name)
{
	struct settings_account wanted = { .name = name };

	return snapshot->n_account == 0 ? NULL
					: bsearch(&wanted, snapshot->account, snapshot->n_account,
						  sizeof(wanted), account_name_cmp);
}

const struct settings_account *snapshot_account(const struct snapshot *snapshot, int64_t id)
{
	struct settings_account wanted = { .id = id };
	const struct settings_account *key = &wanted, *const * found;

	found = snapshot->n_account == 0 ? NULL
					 : bsearch(&key, snapshot->account_by_id, snapshot->n_account,
						   sizeof(key), account_id_cmp);
	return found ? *found : NULL;
}

void settings_derive(const struct settings *settings, struct str label, unsigned char out[static 32])
{
	struct str key = str_of((const char *)settings->key.byte, sizeof(settings->key.byte));
	const struct str part[] = { STR("pannier derived secret/"), label };

	digest_hmac_sha256(key, part, ARRAY_LEN(part), out);
}
