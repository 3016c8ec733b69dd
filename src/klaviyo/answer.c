/*
 * Klaviyo's errors: whom they are about and what they mean.
 *
 * Klaviyo warns that the wording of details may change, but for some answers it is all there is: the errors
 * of a job name a row only in the detail. So codes, status and pointers are asked first, and words count
 * only beside an id.
 *
 * Pure. Source: recordings of the live API at revision 2026-07-15; the error object is ClientError of the
 * specification.
 */
#include "klaviyo/answer_internal.h"

#include "base/utf8.h"
#include "klaviyo/render_internal.h"

#include <string.h>

#define REASON_BYTES_MAX 300

enum fault { FAULT_CONTENT, FAULT_EXISTS, FAULT_MISSING, FAULT_KEY };

/* ---- reading ---- */

static struct str member(const struct json *object, const char *name, struct arena *arena)
{
	return arena_dup(arena, json_get_text(object, name));
}

struct answer_errors answer_errors_read(const struct json *list, struct arena *arena)
{
	struct answer_errors errors = { 0 };

	if (json_type(list) != JSON_ARRAY)
		return errors;
	errors.row = ARENA_ARRAY(arena, json_len(list), struct answer_error);
	for (; errors.n < json_len(list); errors.n++) {
		const struct json *error = json_at(list, errors.n);

		errors.row[errors.n] = (struct answer_error){
			.code = member(error, "code", arena),
			.title = member(error, "title", arena),
			.detail = member(error, "detail", arena),
			.pointer = member(json_get(error, "source"), "pointer", arena),
		};
	}
	return errors;
}

/* ---- for people ---- */

struct str answer_clean(struct str text, struct arena *arena)
{
	char *clean = arena_cstr(arena, utf8_cut(text, REASON_BYTES_MAX));
	size_t len = text.len < REASON_BYTES_MAX ? text.len : utf8_cut(text, REASON_BYTES_MAX).len;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)clean[i] < ' ' || clean[i] == 0x7f)
			clean[i] = ' ';
	return str_of(clean, len);
}

struct str answer_reason(int status, const struct answer_error *error, struct arena *arena)
{
	struct str title = error->title.len > 0 ? error->title : error->code;
	const char *between = title.len > 0 && error->detail.len > 0 ? ": " : "";
	struct str code = { 0 }, where = { 0 };

	while (str_ends(title, STR(".")))
		title.len--;
	if (status > 0)
		code = arena_printf(arena, "%d ", status);
	if (error->pointer.len > 0)
		where = arena_printf(arena, " (%.*s)", STR_ARG(error->pointer));
	return answer_clean(arena_printf(arena, "%.*s%.*s%s%.*s%.*s", STR_ARG(code), STR_ARG(title), between,
					 STR_ARG(error->detail), STR_ARG(where)),
			    arena);
}

/* ---- meaning ---- */

static bool contains(struct str text, struct str part)
{
	for (size_t i = 0; i + part.len <= text.len; i++)
		if (memcmp(text.p + i, part.p, part.len) == 0)
			return true;
	return false;
}

bool answer_is_about_key(const struct answer_error *error)
{
	static const char *const code[] = { "authentication_failed", "not_authenticated", "invalid_api_key",
					    "missing_api_key" };

	for (size_t i = 0; i < ARRAY_LEN(code); i++)
		if (str_eq(error->code, str_from(code[i])))
			return true;
	return false;
}

bool answer_is_about_scope(const struct answer_error *error)
{
	return str_eq(error->code, STR("permission_denied"));
}

/* Is the detail about some catalog object? */
static bool names_an_id(struct str detail)
{
	return contains(detail, STR("$custom:::")) || contains(detail, STR("external id")) ||
	       contains(detail, STR("with id"));
}

static enum fault fault_of(int status, const struct answer_error *error)
{
	static const struct answer_error nothing = { { 0 } };
	bool says_id;

	if (!error)
		error = &nothing;
	says_id = names_an_id(error->detail);
	if (answer_is_about_key(error) || answer_is_about_scope(error))
		return FAULT_KEY;
	if (status == 409 || str_starts(error->code, STR("duplicate")) ||
	    str_eq(error->code, STR("conflict")) || str_ends(error->code, STR("already_exists")) ||
	    (says_id && contains(error->detail, STR("already exist"))))
		return FAULT_EXISTS;
	if (status == 404 || str_eq(error->code, STR("not_found")) ||
	    str_eq(error->code, STR("does_not_exist")) ||
	    (says_id && contains(error->detail, STR("does not exist"))))
		return FAULT_MISSING;
	/*
	 * Our relationships are well-formed; what can be wrong with them is that the other end is not
	 * there.
	 */
	return contains(error->pointer, STR("/relationships")) ? FAULT_MISSING : FAULT_CONTENT;
}

/* Is it about something that the delivery refers to, and not about itself? */
static bool is_about_other(const struct delivery *delivery, const struct answer_error *error)
{
	if (!error)
		return false;
	return contains(error->pointer, STR("/relationships")) ||
	       (delivery->kind == KLAVIYO_ITEM && contains(error->detail, STR("ategor")));
}

static struct str missing_reason(const struct delivery *delivery, struct str said, struct arena *arena)
{
	if (delivery->kind == KLAVIYO_VARIANT)
		return arena_printf(arena, "item %.*s is not there yet",
				    STR_ARG(delivery->parent_external_id));
	return answer_clean(arena_printf(arena, "a category is not there yet: %.*s", STR_ARG(said)), arena);
}

/* What is missing is either the delivery's own entity, or one that must be there before it. */
static struct outcome_row missing_row(const struct answer_batch *batch, const struct delivery *delivery,
				      const struct answer_error *error, struct str reason)
{
	switch (endpoint_row(batch->endpoint)->on_missing) {
	case ANSWER_DONE:
		return (struct outcome_row){ .outcome = OUTCOME_DONE, .reason = reason };
	case ANSWER_CREATE:
		if (!is_about_other(delivery, error))
			return (struct outcome_row){ .outcome = OUTCOME_AS_CREATE, .reason = reason };
		break;
	case ANSWER_REFUSE:
	case ANSWER_UPDATE:
	case ANSWER_MEND:
		break;
	}
	if (delivery->kind == KLAVIYO_ITEM || delivery->kind == KLAVIYO_VARIANT)
		return (struct outcome_row){ .outcome = OUTCOME_RETRY,
					     .reason = missing_reason(delivery, reason, batch->arena) };
	return (struct outcome_row){ .outcome = OUTCOME_REJECTED, .reason = reason };
}

/* Sent again with the body, or refused if there is nothing to mend. */
static struct outcome_row mended(const struct answer_batch *batch, struct str body, const char *what,
				 struct str reason)
{
	struct outcome_row row = { .outcome = OUTCOME_REJECTED, .reason = reason };

	if (body.len == 0)
		return row;
	row.outcome = OUTCOME_MENDED;
	row.body = body;
	row.reason =
		answer_clean(arena_printf(batch->arena, "sent again without %s: %.*s", what, STR_ARG(reason)),
			     batch->arena);
	return row;
}

/*
 * Without the phone number it may be well. Where it has none, or is about nobody without it, the refusal
 * stands.
 */
static struct outcome_row mended_phone(const struct answer_batch *batch, const struct delivery *delivery,
				       struct str reason)
{
	struct str body = { 0 };

	if (!mend_phone(delivery, batch->arena, &body))
		body.len = 0;
	return mended(batch, body, "the phone number", reason);
}

/* The profile that was found is in another's way, or gone: then it is whichever the rest names. */
static struct outcome_row mended_row(const struct answer_batch *batch, const struct delivery *delivery,
				     struct str reason)
{
	struct str body = { 0 };

	if (mend_id(delivery, batch->arena, &body))
		return mended(batch, body, "the id of the profile", reason);
	return mended_phone(batch, delivery, reason);
}

static enum outcome exists_outcome(enum endpoint endpoint)
{
	switch (endpoint_row(endpoint)->on_exists) {
	case ANSWER_UPDATE:
		return OUTCOME_AS_UPDATE;
	case ANSWER_DONE:
		return OUTCOME_DONE;
	case ANSWER_CREATE:
	case ANSWER_MEND:
	case ANSWER_REFUSE:
		break;
	}
	return OUTCOME_REJECTED;
}

static struct str status_reason(int status, struct arena *arena)
{
	return arena_printf(arena, "%d without an explanation", status);
}

struct outcome_row answer_row(const struct answer_batch *batch, const struct delivery *delivery,
			      const struct answer_error *error)
{
	struct outcome_row row = { .outcome = OUTCOME_REJECTED };

	row.reason = error ? answer_reason(batch->status, error, batch->arena)
			   : status_reason(batch->status, batch->arena);
	switch (fault_of(batch->status, error)) {
	case FAULT_CONTENT:
		if (error && str_ends(error->pointer, STR("/phone_number")))
			return mended_phone(batch, delivery, row.reason);
		break;
	case FAULT_EXISTS:
		if (endpoint_row(batch->endpoint)->on_exists == ANSWER_MEND)
			return mended_row(batch, delivery, row.reason);
		row.outcome = exists_outcome(batch->endpoint);
		break;
	case FAULT_MISSING:
		if (delivery->kind == KLAVIYO_PROFILE && delivery->op == DELIVERY_UPDATE)
			return mended_row(batch, delivery, row.reason);
		return missing_row(batch, delivery, error, row.reason);
	case FAULT_KEY:
		row.outcome = error && answer_is_about_key(error) ? OUTCOME_BLOCKED : OUTCOME_FORBIDDEN;
		break;
	}
	return row;
}

/* ---- whom an error is about ---- */

static bool is_id_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-' || c == '~' || c == '.';
}

/* Ends the id here? A full stop may end the sentence. */
static bool ends_id(struct str rest)
{
	if (rest.len == 0 || !is_id_byte(rest.p[0]))
		return true;
	return rest.p[0] == '.' && (rest.len == 1 || !is_id_byte(rest.p[1]));
}

/* Does the text name the id as a whole word? */
static bool names_id(struct str text, struct str id)
{
	for (size_t i = 0; id.len > 0 && i + id.len <= text.len; i++)
		if (memcmp(text.p + i, id.p, id.len) == 0 && (i == 0 || !is_id_byte(text.p[i - 1])) &&
		    ends_id(str_skip(text, i + id.len)))
			return true;
	return false;
}

/* "data/7/x" -> 7, the rest is "x". */
static bool read_index(struct str *pointer, int64_t *index)
{
	struct str part;

	return str_split(pointer, '/', &part) && str_eq(part, STR("data")) &&
	       str_split(pointer, '/', &part) && str_to_int64(part, index) && *index >= 0;
}

/*
 * "/data/attributes/items/data/7/attributes/price" -> 7, and the rest. A batch of events is nested twice.
 */
static bool pointer_index(struct str *pointer, size_t n, size_t *index)
{
	static const struct str start = { "/data/attributes/", 17 };
	struct str part;
	int64_t number;

	if (!str_starts(*pointer, start))
		return false;
	*pointer = str_skip(*pointer, start.len);
	if (!str_split(pointer, '/', &part) || !read_index(pointer, &number) || (uint64_t)number >= n)
		return false;
	*index = (size_t)number;
	return true;
}

/* "attributes/events/data/3/..." -> 3; -1: it is about all events of the entry. */
static int64_t event_index(struct str rest)
{
	static const struct str start = { "attributes/events/", 18 };
	int64_t number;

	if (!str_starts(rest, start))
		return -1;
	rest = str_skip(rest, start.len);
	return read_index(&rest, &number) ? number : -1;
}

static bool is_own_error(const struct answer_batch *batch, const struct delivery *delivery,
			 const struct answer_error *error)
{
	return names_id(error->detail, delivery->external_id) &&
	       (fault_of(batch->status, error) != FAULT_MISSING || !is_about_other(delivery, error));
}

/* The item that a new variant needs is named, the variant is not. */
static bool is_parent_error(const struct answer_batch *batch, const struct delivery *delivery,
			    const struct answer_error *error)
{
	return delivery->kind == KLAVIYO_VARIANT && fault_of(batch->status, error) == FAULT_MISSING &&
	       endpoint_row(batch->endpoint)->on_exists == ANSWER_UPDATE &&
	       names_id(error->detail, delivery->parent_external_id);
}

/* A refusal weighs more than anything else that is said of the same row. */
static void set_row(const struct answer_batch *batch, size_t i, const struct answer_error *error,
		    struct outcome_row *row, bool *named)
{
	struct outcome_row said = answer_row(batch, &batch->delivery[i], error);

	if (named[i] && said.outcome != OUTCOME_REJECTED)
		return;
	if (named[i] && row[i].outcome == OUTCOME_REJECTED)
		return;
	row[i] = said;
	named[i] = true;
}

/* Does the pointer say of which rows it is? */
static bool name_by_pointer(const struct answer_batch *batch, const struct answer_error *error,
			    struct outcome_row *row, bool *named)
{
	struct str pointer = error->pointer;
	int64_t at;
	size_t index;

	if (!pointer_index(&pointer, batch->n, &index))
		return false;
	if (batch->endpoint != ENDPOINT_event_bulk_create) {
		set_row(batch, index, error, row, named);
		return true;
	}
	at = event_index(pointer);
	for (size_t i = 0; batch->event && i < batch->n; i++)
		if (batch->event[i].entry == index && (at < 0 || batch->event[i].at == (uint64_t)at))
			set_row(batch, i, error, row, named);
	return true;
}

static void name_rows(const struct answer_batch *batch, const struct answer_error *error,
		      struct outcome_row *row, bool *named)
{
	bool found = false;
	size_t i;

	if (name_by_pointer(batch, error, row, named))
		return;
	for (i = 0; i < batch->n; i++) {
		if (is_own_error(batch, &batch->delivery[i], error)) {
			set_row(batch, i, error, row, named);
			found = true;
		}
	}
	for (i = 0; i < batch->n && !found; i++)
		if (is_parent_error(batch, &batch->delivery[i], error))
			set_row(batch, i, error, row, named);
}

size_t answer_name_rows(const struct answer_batch *batch, struct answer_errors errors,
			struct outcome_row *row, bool *named)
{
	size_t n = 0;

	for (size_t i = 0; i < errors.n; i++)
		name_rows(batch, &errors.row[i], row, named);
	for (size_t i = 0; i < batch->n; i++)
		n += named[i];
	return n;
}
