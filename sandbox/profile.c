/*
 * The profiles of an account and what each is known by.
 *
 * Doesn't: know the rules of writing one (profile_change.c), or JSON:API (profile_render.c).
 * Keeps:   an identifier leads to one profile; numbers are never used again.
 * Threads: an account belongs to the server's thread.
 */
#include "sandbox/profile.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>

/* Longer than any identifier that a body may have, but for weak ones, which are taken as they are. */
#define LOWER_BYTES_MAX 256

const char *identifier_name(enum identifier kind)
{
	static const char *const name[IDENTIFIER_COUNT] = { "email", "phone_number", "external_id",
							    "anonymous_id", "_kx" };

	return name[kind];
}

static void profile_free(struct profile *profile)
{
	while (profile->keys) {
		struct profile_key *key = profile->keys;

		profile->keys = key->next;
		mem_free(key);
	}
	json_free(profile->values);
	consent_free(profile->consent);
	mem_free(profile);
}

void profiles_release(struct profiles *profiles)
{
	for (size_t i = 0; i < profiles->n_slots; i++)
		if (profiles->at[i])
			profile_free(profiles->at[i]);
	mem_free(profiles->at);
	table_release(&profiles->by_id);
	for (size_t i = 0; i < IDENTIFIER_COUNT; i++)
		table_release(&profiles->by_key[i]);
	*profiles = (struct profiles){ 0 };
}

/* E-mail addresses are compared in lower case. */
static struct str normal_form(enum identifier kind, struct str text, char lower[static LOWER_BYTES_MAX])
{
	if (kind != IDENTIFIER_EMAIL || text.len >= LOWER_BYTES_MAX)
		return text;
	for (size_t i = 0; i < text.len; i++)
		lower[i] = (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] + ('a' - 'A') : text.p[i]);
	return str_of(lower, text.len);
}

struct profile *profile_find(const struct profiles *profiles, struct str id)
{
	return table_find(&profiles->by_id, id);
}

struct profile *profile_find_key(const struct profiles *profiles, enum identifier kind, struct str text)
{
	char lower[LOWER_BYTES_MAX];
	const struct profile_key *key;

	if (text.len == 0)
		return NULL;
	key = table_find(&profiles->by_key[kind], normal_form(kind, text, lower));
	return key ? key->profile : NULL;
}

struct profile *profile_add(struct profiles *profiles, struct rand *rand, int64_t now_ms)
{
	struct profile *profile = mem_zalloc(1, sizeof(*profile));

	if (profiles->n_slots == profiles->capacity) {
		profiles->capacity = profiles->capacity ? profiles->capacity * 2 : 64;
		profiles->at = mem_resize(profiles->at, profiles->capacity * sizeof(struct profile *));
	}
	profiles->at[profiles->n_slots++] = profile;
	profiles->n++;
	profile->number = (int64_t)profiles->n_slots;
	profile->created_ms = profile->updated_ms = now_ms;
	ident_long(rand, now_ms, profile->id);
	table_put(&profiles->by_id, str_from(profile->id), profile);
	return profile;
}

void profile_remove(struct profiles *profiles, struct profile *profile)
{
	assert(!profile->first_event);
	for (const struct profile_key *key = profile->keys; key; key = key->next)
		(void)table_remove(&profiles->by_key[key->kind], key->text);
	(void)table_remove(&profiles->by_id, str_from(profile->id));
	profiles->at[profile->number - 1] = NULL;
	profiles->n--;
	profile_free(profile);
}

static struct profile_key *find_key(const struct profile *profile, enum identifier kind)
{
	for (struct profile_key *key = profile->keys; key; key = key->next)
		if (key->kind == kind)
			return key;
	return NULL;
}

struct str profile_key_text(const struct profile *profile, enum identifier kind)
{
	const struct profile_key *key = find_key(profile, kind);

	return key ? key->text : STR("");
}

void profile_drop_key(struct profiles *profiles, struct profile *profile, enum identifier kind)
{
	struct profile_key **at = &profile->keys;

	while (*at && (*at)->kind != kind)
		at = &(*at)->next;
	if (*at) {
		struct profile_key *key = *at;

		(void)table_remove(&profiles->by_key[kind], key->text);
		*at = key->next;
		mem_free(key);
	}
}

void profile_set_key(struct profiles *profiles, struct profile *profile, enum identifier kind,
		     struct str text)
{
	struct profile *owner = profile_find_key(profiles, kind, text);
	char lower[LOWER_BYTES_MAX];
	struct profile_key *key;

	assert(!owner || owner == profile);
	if (owner)
		return;
	if (kind < IDENTIFIER_STRONG_COUNT)
		profile_drop_key(profiles, profile, kind);
	text = normal_form(kind, text, lower);
	key = mem_alloc(sizeof(*key) + text.len);
	*key = (struct profile_key){ .kind = kind, .profile = profile, .next = profile->keys };
	memcpy(key + 1, text.p, text.len);
	key->text = str_of((const char *)(key + 1), text.len);
	profile->keys = key;
	table_put(&profiles->by_key[kind], key->text, key);
}

bool profile_is_known(const struct profile *profile)
{
	for (const struct profile_key *key = profile->keys; key; key = key->next)
		if (key->kind < IDENTIFIER_STRONG_COUNT)
			return true;
	return false;
}

void profile_move_keys(struct profiles *profiles, struct profile *from, struct profile *into)
{
	for (struct profile_key *key = from->keys, *next; key; key = next) {
		next = key->next;
		if (key->kind < IDENTIFIER_STRONG_COUNT && find_key(into, key->kind)) {
			(void)table_remove(&profiles->by_key[key->kind], key->text);
			mem_free(key);
			continue;
		}
		key->profile = into;
		key->next = into->keys;
		into->keys = key;
	}
	from->keys = NULL;
}
