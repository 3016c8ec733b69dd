/*
 * How a person is told in what is stored: by the e-mail address in any spelling of its letters; by phone
 * number only in texts without any e-mail address, because a family may share a phone; by names only in
 * texts that are about the person anyway.
 *
 * Pure.
 */
#include "store/store_person.h"

#include "base/clock.h"
#include "base/json.h"
#include "model/person.h"

#define TERM_BYTES_MIN 3		     /* shorter ones would be found everywhere */
#define TIME_MS_MIN    INT64_C(100000000000) /* lesser versions are counts, not times */
#define ALIAS	       "erased:"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* term is looked for in any spelling of its letters. */
static bool has(struct str text, struct str term)
{
	if (term.len < TERM_BYTES_MIN)
		return false;
	for (size_t i = 0; i + term.len <= text.len; i++) {
		size_t k = 0;

		while (k < term.len && lower(text.p[i + k]) == lower(term.p[k]))
			k++;
		if (k == term.len)
			return true;
	}
	return false;
}

static bool has_any(struct str text, const struct str *term, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has(text, term[i]))
			return true;
	return false;
}

static void add(struct str *list, size_t *n, struct str term)
{
	if (term.len < TERM_BYTES_MIN || *n == PERSON_TERMS_MAX)
		return;
	for (size_t i = 0; i < *n; i++)
		if (str_eq(list[i], term))
			return;
	list[(*n)++] = term;
}

void person_terms_init(struct person_terms *terms, struct str person_id)
{
	*terms = (struct person_terms){ .n_phone = 0 };
	if (str_find_char(person_id, '@') < person_id.len)
		terms->email = person_id;
	else if (person_id.len > 0 && person_id.p[0] == '+')
		add(terms->phone, &terms->n_phone, person_id);
}

static void add_address(struct person_terms *terms, const struct json *address, struct str country,
			struct arena *arena)
{
	struct str phone = json_get_text(address, "phone"), e164;

	add(terms->name, &terms->n_name, arena_dup(arena, json_get_text(address, "first_name")));
	add(terms->name, &terms->n_name, arena_dup(arena, json_get_text(address, "last_name")));
	if (person_phone(phone, country, arena, &e164))
		add(terms->phone, &terms->n_phone, e164);
	add(terms->phone, &terms->n_phone, arena_dup(arena, phone));
}

void person_terms_add(struct person_terms *terms, struct str body, struct arena *arena)
{
	const struct json *address;
	struct json *json;
	struct str country;

	if (!json_parse(body, &json, NULL))
		return;
	address = json_get(json, "address");
	country = json_get_text(address, "country_code");
	add_address(terms, json, country, arena);
	add_address(terms, address, country, arena);
	json_free(json);
}

bool person_is_named(const struct person_terms *terms, struct str text)
{
	if (has(text, terms->email))
		return true;
	return str_find_char(text, '@') == text.len && has_any(text, terms->phone, terms->n_phone);
}

bool person_is_told(const struct person_terms *terms, struct str text)
{
	return has(text, terms->email) || has_any(text, terms->phone, terms->n_phone) ||
	       has_any(text, terms->name, terms->n_name);
}

bool person_is_key(const struct person_terms *terms, struct str text)
{
	if (terms->email.len > 0 && str_eq_nocase(text, terms->email))
		return true;
	for (size_t i = 0; i < terms->n_phone; i++)
		if (str_eq(text, terms->phone[i]))
			return true;
	return false;
}

bool person_may_own(enum entity_kind kind)
{
	return kind == ENTITY_ORDER || kind == ENTITY_VISITOR;
}

struct catalog_publication store_publish_nothing(const struct catalog_publication *publication)
{
	return (struct catalog_publication){
		.store_id = publication->store_id,
		.account_id = publication->account_id,
		.root = publication->root,
		.due_seq = publication->due_seq,
		.message_id = publication->message_id,
		.held = STR(""),
		.note = STR(STORE_TEXT_PERSON_ERASED),
	};
}

/* ---- what is left ---- */

struct digest16 person_digest(struct str person_id)
{
	return digest16_of((struct str[]){ STR("person"), person_id }, 2);
}

struct str person_alias(struct str text, struct arena *arena)
{
	struct digest16 digest = person_digest(text);
	char hex[2 * sizeof(digest.byte) + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_printf(arena, ALIAS "%s", hex);
}

bool person_is_alias(struct str text)
{
	return str_starts(text, STR(ALIAS));
}

/* ---- what comes late ---- */

bool person_fact_erases(const struct fact *fact)
{
	return fact->entity.kind == ENTITY_PERSON && fact->op == FACT_SET &&
	       str_eq(fact->part, STR("erased"));
}

bool person_is_before(int64_t at_ms, enum priority priority, int64_t erased_at_ms)
{
	if (at_ms < TIME_MS_MIN)
		return priority == PRIORITY_BACKFILL && erased_at_ms != INT64_MIN;
	return at_ms <= erased_at_ms;
}

bool person_of_fact(const struct fact *fact, struct arena *arena, struct str *person_id, int64_t *at_ms)
{
	struct json *json;
	bool found;

	*at_ms = fact->version;
	if (fact->entity.kind == ENTITY_PERSON) {
		*person_id = fact->entity.id;
		return true;
	}
	if (fact->entity.kind != ENTITY_ORDER || !str_eq(fact->part, STR("base")) ||
	    !json_parse(fact->body, &json, NULL))
		return false;
	found = person_email(json_get_text(json_get(json, "customer"), "email"), arena, person_id);
	/* An order that is changed later is still the old one. */
	(void)time_parse_rfc3339(json_get_text(json, "placed_at"), at_ms);
	json_free(json);
	return found;
}
