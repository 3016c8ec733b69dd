/*
 * The simulator's state: accounts by key, clock, knobs.
 *
 * Keeps:   an account lives from its first request to a reset.
 * Threads: one.
 */
#include "sandbox/state.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "sandbox/route.h"
#include "sandbox/trace.h"

#include <string.h>

#define KEY_BYTES_MAX 200

static char *copy_text(struct str text)
{
	char *copy = mem_alloc(text.len + 1);

	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	return copy;
}

struct sandbox *sandbox_new(const struct sandbox_config *config)
{
	struct sandbox *sandbox = mem_zalloc(1, sizeof(*sandbox));
	const char *revision = config->revision ? config->revision : REVISION_NEWEST;

	sandbox->clock = config->clock;
	sandbox->rand = config->rand;
	sandbox->time_scale = config->time_scale > 0 ? config->time_scale : 1;
	sandbox->started_mono_ms = clock_mono_ms(config->clock);
	memcpy(sandbox->revision, revision, sizeof(sandbox->revision) - 1);
	sandbox->key = mem_zalloc(config->n_key + 1, sizeof(*sandbox->key));
	for (size_t i = 0; i < config->n_key; i++)
		sandbox->key[i] = copy_text(config->key[i]);
	sandbox->n_key = config->n_key;
	knobs_init(&sandbox->knobs);
	if (config->knobs)
		sandbox->knobs = *config->knobs;
	journal_init(&sandbox->journal, route_count());
	return sandbox;
}

static void account_free(struct account *account)
{
	jobs_release(&account->jobs);
	catalog_release(&account->catalog);
	people_release(&account->people);
	traces_release(&account->traces);
	mem_free(account->limit);
	mem_free(account);
}

static void forget(struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->n_accounts; i++)
		account_free(sandbox->account[i]);
	mem_free(sandbox->account);
	sandbox->account = NULL;
	sandbox->n_accounts = 0;
	table_release(&sandbox->by_key);
	journal_release(&sandbox->journal);
	sandbox->oauth = (struct oauth_state){ 0 };
}

void sandbox_free(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	forget(sandbox);
	knobs_release(&sandbox->knobs);
	for (size_t i = 0; i < sandbox->n_key; i++)
		mem_free(sandbox->key[i]);
	mem_free(sandbox->key);
	mem_free(sandbox);
}

void sandbox_reset(struct sandbox *sandbox)
{
	forget(sandbox);
	journal_init(&sandbox->journal, route_count());
	sandbox->n_requests = 0;
	sandbox->n_failable = 0;
}

int64_t sandbox_real_ms(const struct sandbox *sandbox)
{
	return clock_mono_ms(sandbox->clock) - sandbox->started_mono_ms;
}

int64_t sandbox_time_ms(const struct sandbox *sandbox)
{
	return (int64_t)((double)sandbox_real_ms(sandbox) * sandbox->time_scale);
}

int64_t sandbox_wall_ms(const struct sandbox *sandbox)
{
	return clock_wall_ms(sandbox->clock);
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool sandbox_key_ok(struct str key)
{
	size_t n = 0;

	if (!str_starts(key, STR("pk_")) || key.len > KEY_BYTES_MAX)
		return false;
	for (size_t i = 3; i < key.len; i++) {
		if (is_alphanumeric(key.p[i]))
			n++;
		else if (key.p[i] != '_' && key.p[i] != '-')
			return false;
	}
	return n >= 6;
}

bool sandbox_accepts_key(const struct sandbox *sandbox, struct str key)
{
	if (sandbox->n_key == 0)
		return sandbox_key_ok(key);
	for (size_t i = 0; i < sandbox->n_key; i++)
		if (secret_eq(key, str_from(sandbox->key[i])))
			return true;
	return false;
}

/* Six letters and digits, always the same for a key. */
static void derive_id(struct str key, char id[static 7])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char hash[SHA256_BYTES];

	digest_sha256(key, hash);
	for (size_t i = 0; i < 6; i++)
		id[i] = alphabet[hash[i] % (sizeof(alphabet) - 1)];
	id[6] = '\0';
}

struct account *sandbox_account(struct sandbox *sandbox, struct str key)
{
	struct account *account = table_find(&sandbox->by_key, key);
	char *text;

	if (account || sandbox->n_accounts == SANDBOX_ACCOUNTS_MAX)
		return account;
	account = mem_zalloc(1, sizeof(*account) + key.len);
	text = (char *)(account + 1);
	memcpy(text, key.p, key.len);
	account->key = str_of(text, key.len);
	memcpy(account->last4, key.p + key.len - 4, 4);
	derive_id(key, account->id);
	account->limit = mem_zalloc(route_count(), sizeof(*account->limit));
	sandbox->account =
		mem_resize(sandbox->account, (sandbox->n_accounts + 1) * sizeof(*sandbox->account));
	sandbox->account[sandbox->n_accounts++] = account;
	table_put(&sandbox->by_key, account->key, account);
	return account;
}
