/*
 * Reading answers to lookups: lists, metrics, opt-outs, the account.
 *
 * Doesn't: ask (render_lookup.c), or follow pages.
 * Pure.
 */
#include "klaviyo/lookup.h"

#include "base/clock.h"
#include "base/json.h"
#include "klaviyo/outcome.h"
#include "klaviyo/page.h"

/* ---- the answer as a whole ---- */

static enum err_code code_of(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_BLOCKED:
	case OUTCOME_FORBIDDEN:
		return ERR_DENIED;
	case OUTCOME_RETRY_AT:
		return ERR_BUSY;
	case OUTCOME_RETRY:
		return ERR_UNREACHABLE;
	case OUTCOME_ACCEPTED:
	case OUTCOME_JOB:
	case OUTCOME_DONE:
	case OUTCOME_AS_UPDATE:
	case OUTCOME_AS_CREATE:
	case OUTCOME_MENDED:
	case OUTCOME_SPLIT:
	case OUTCOME_REJECTED:
		break;
	}
	return ERR_INVALID;
}

/*
 * The whole body, whose data is of this type; caller frees. What is of another is no answer: it must not be
 * taken for an empty one.
 */
static bool read_body(const struct http_answer *answer, enum json_type type, struct arena *arena,
		      struct json **body, struct err *err)
{
	struct klaviyo_verdict verdict;

	klaviyo_outcome(ENDPOINT_accounts_get, NULL, 0, answer, arena, &verdict);
	if (verdict.outcome != OUTCOME_ACCEPTED)
		return err_set(err, code_of(verdict.outcome), "%.*s", STR_ARG(verdict.reason));
	if (!json_parse(answer->body, body, NULL))
		return err_set(err, ERR_UNREACHABLE, "the answer is not JSON");
	if (json_get(*body, "data") && json_type(json_get(*body, "data")) == type)
		return true;
	json_free(*body);
	return err_set(err, ERR_UNREACHABLE, "the answer has no data");
}

bool klaviyo_read_list_body(const struct http_answer *answer, struct arena *arena, struct json **body,
			    struct err *err)
{
	return read_body(answer, JSON_ARRAY, arena, body, err);
}

static struct str attribute(const struct json *resource, const char *name, struct arena *arena)
{
	return arena_dup(arena, json_get_text(json_get(resource, "attributes"), name));
}

/* ---- lists and metrics ---- */

static struct klaviyo_list list_of(const struct json *resource, struct arena *arena)
{
	return (struct klaviyo_list){
		.id = arena_dup(arena, json_get_text(resource, "id")),
		.name = attribute(resource, "name", arena),
	};
}

bool klaviyo_read_lists(const struct http_answer *answer, struct arena *arena, struct klaviyo_list **list,
			size_t *n, struct str *next, struct err *err)
{
	const struct json *data;
	struct json *body;

	if (!read_body(answer, JSON_ARRAY, arena, &body, err))
		return false;
	data = json_get(body, "data");
	*n = 0;
	*list = ARENA_ARRAY(arena, json_len(data), struct klaviyo_list);
	for (size_t i = 0; i < json_len(data); i++) {
		(*list)[*n] = list_of(json_at(data, i), arena);
		*n += (*list)[*n].id.len > 0;
	}
	*next = klaviyo_page_next(answer, arena);
	json_free(body);
	return true;
}

bool klaviyo_read_list(const struct http_answer *answer, struct arena *arena, struct klaviyo_list *list,
		       struct err *err)
{
	struct json *body;

	if (!read_body(answer, JSON_OBJECT, arena, &body, err))
		return false;
	*list = list_of(json_get(body, "data"), arena);
	json_free(body);
	return list->id.len > 0 || err_set(err, ERR_UNREACHABLE, "the new list has no id");
}

bool klaviyo_read_metrics(const struct http_answer *answer, struct arena *arena, struct str **name, size_t *n,
			  struct str *next, struct err *err)
{
	const struct json *data;
	struct json *body;

	if (!read_body(answer, JSON_ARRAY, arena, &body, err))
		return false;
	data = json_get(body, "data");
	*n = json_len(data);
	*name = ARENA_ARRAY(arena, *n, struct str);
	for (size_t i = 0; i < *n; i++)
		(*name)[i] = attribute(json_at(data, i), "name", arena);
	*next = klaviyo_page_next(answer, arena);
	json_free(body);
	return true;
}

/* ---- opt-outs ---- */

/* The newest suppression; false if there is none. */
static bool read_optout(const struct json *profile, struct arena *arena, struct klaviyo_optout *out)
{
	const struct json *attributes = json_get(profile, "attributes");
	const struct json *email = json_get(json_get(attributes, "subscriptions"), "email");
	const struct json *list = json_get(json_get(email, "marketing"), "suppression");
	int64_t at_ms;

	*out = (struct klaviyo_optout){ .email = attribute(profile, "email", arena) };
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json *one = json_at(list, i);

		if (!time_parse_rfc3339(json_get_text(one, "timestamp"), &at_ms) ||
		    (out->reason.len > 0 && at_ms <= out->at_ms))
			continue;
		out->at_ms = at_ms;
		out->reason = arena_dup(arena, json_get_text(one, "reason"));
	}
	return out->email.len > 0 && out->reason.len > 0;
}

bool klaviyo_read_optouts(const struct http_answer *answer, struct arena *arena,
			  struct klaviyo_optout **optout, size_t *n, struct str *next, struct err *err)
{
	const struct json *data;
	struct json *body;

	if (!read_body(answer, JSON_ARRAY, arena, &body, err))
		return false;
	data = json_get(body, "data");
	*optout = ARENA_ARRAY(arena, json_len(data), struct klaviyo_optout);
	*n = 0;
	for (size_t i = 0; i < json_len(data); i++)
		*n += read_optout(json_at(data, i), arena, &(*optout)[*n]);
	*next = klaviyo_page_next(answer, arena);
	json_free(body);
	return true;
}

/* ---- the account ---- */

bool klaviyo_read_public_key(const struct http_answer *answer, struct arena *arena, struct str *key,
			     struct err *err)
{
	struct json *body;

	if (!read_body(answer, JSON_ARRAY, arena, &body, err))
		return false;
	*key = attribute(json_at(json_get(body, "data"), 0), "public_api_key", arena);
	json_free(body);
	return key->len > 0 || err_set(err, ERR_UNREACHABLE, "the account has no public key");
}
