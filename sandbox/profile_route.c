/*
 * Profiles one at a time: import (create or update), create, update, get; and their deletion.
 *
 * Doesn't: know whom a row is about or what it changes (profile_change.c), or list them (profile_page.c).
 * Threads: the server's thread.
 *
 * Where the sources are silent: an import whose id leads nowhere is 404. A deletion takes effect at once.
 */
#include "sandbox/body.h"
#include "sandbox/profile_change.h"
#include "sandbox/profile_render.h"

static void refuse_duplicate(struct call *call, const struct profile *owner)
{
	error_add(&call->errors, ERROR_DUPLICATE_PROFILE, STR("/data/attributes"),
		  "A profile already exists with one of these identifiers.");
	error_set_duplicate(&call->errors, owner->id);
}

static void refuse_unknown(struct call *call, struct str id)
{
	error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/"),
		  "A profile with the id `%.*s` does not exist.", STR_ARG(id));
}

/* Reads what all writes have: query, row, the limit of size. */
static bool read_row(struct call *call, struct query *query, struct profile_row *row)
{
	if (!query_read(call, query))
		return false;
	call->rows = 1;
	*row = profile_row_read(json_get(call->body, "data"));
	if (call->request->body.len > PROFILE_BYTES_MAX) {
		error_add(&call->errors, ERROR_TOO_LARGE, (struct str){ 0 },
			  "The payload may not exceed 100 KB.");
		return false;
	}
	return profile_row_check(call->sandbox, row, STR("/data"), 0, &call->errors);
}

static bool check_named(struct call *call, const struct profile_row *row)
{
	if (!profile_row_names(row))
		error_add(&call->errors, ERROR_INVALID, STR("/data/attributes"),
			  "One or more of the identifiers id, email, phone_number, external_id is required.");
	return call->errors.n == 0;
}

void profile_import(struct call *call)
{
	struct people *people = &call->account->people;
	struct profile_row row;
	struct resolution who;
	struct query query;

	if (!read_row(call, &query, &row) || !check_named(call, &row))
		return;
	who = profile_resolve(people, &row);
	if (who.id_unknown)
		refuse_unknown(call, row.id);
	else if (who.other)
		refuse_duplicate(call, who.other);
	else
		reply_profile(call, who.profile ? 200 : 201,
			      profile_write(call->sandbox, people, who.profile, &row, PROFILE_NULL_CLEARS),
			      &query);
}

void profile_create(struct call *call)
{
	struct people *people = &call->account->people;
	struct profile_row row;
	struct resolution who;
	struct query query;

	if (!read_row(call, &query, &row) || !check_named(call, &row))
		return;
	who = profile_resolve(people, &row);
	if (who.profile)
		refuse_duplicate(call, who.profile);
	else
		reply_profile(call, 201,
			      profile_write(call->sandbox, people, NULL, &row, PROFILE_NULL_CLEARS), &query);
}

void profile_update(struct call *call)
{
	struct people *people = &call->account->people;
	struct profile *profile = profile_find(&people->profiles, call->id);
	struct profile_row row;
	struct resolution who;
	struct query query;

	if (!read_row(call, &query, &row))
		return;
	if (!str_eq(row.id, call->id)) {
		error_add(&call->errors, ERROR_INVALID, STR("/data/id"),
			  "Invalid input. The id in the body must be the id in the path.");
		return;
	}
	who = profile_resolve(people, &row);
	if (!profile)
		refuse_unknown(call, call->id);
	else if (who.other)
		refuse_duplicate(call, who.other);
	else
		reply_profile(call, 200,
			      profile_write(call->sandbox, people, profile, &row, PROFILE_NULL_CLEARS),
			      &query);
}

static void add_included_lists(struct call *call, const struct profile *profile, const struct query *query,
			       struct strbuf *out)
{
	const struct profile_lists *lists = &call->account->people.lists;
	bool first = true;

	strbuf_add_text(out, ",\"included\":[");
	for (size_t i = 0; i < lists->n && query_includes(query, "lists"); i++) {
		if (!profile_list_member(lists->at[i], profile))
			continue;
		strbuf_add_text(out, first ? "" : ",");
		first = false;
		render_list(call, lists->at[i], query, out);
	}
	strbuf_add_char(out, ']');
}

void profile_get(struct call *call)
{
	const struct profile *profile = profile_find(&call->account->people.profiles, call->id);
	struct str base = query_base(call);
	struct query query;
	struct strbuf out;

	if (!query_read(call, &query))
		return;
	if (!profile) {
		refuse_unknown(call, call->id);
		return;
	}
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":");
	render_profile(call, profile, &query, NULL, &out);
	if (query.include)
		add_included_lists(call, profile, &query, &out);
	strbuf_addf(&out, ",\"links\":{\"self\":\"%.*s/api/profiles/%s\"}}", STR_ARG(base), profile->id);
	reply_take(call, 200, &out);
}

/* ---- deletion ---- */

void profile_deletion(struct call *call)
{
	const struct json *attributes = json_get(json_get(call->body, "data"), "attributes");
	struct profile_row row = profile_row_read(json_get(json_get(attributes, "profile"), "data"));
	struct str email = profile_row_text(&row, IDENTIFIER_EMAIL);
	struct str phone = profile_row_text(&row, IDENTIFIER_PHONE);
	struct people *people = &call->account->people;
	struct profile *profile;
	struct query query;

	if (!query_read(call, &query))
		return;
	call->rows = 1;
	if ((row.id.len > 0) + (email.len > 0) + (phone.len > 0) != 1) {
		error_add(&call->errors, ERROR_INVALID, STR("/data/attributes/profile/data"),
			  "Exactly one of the identifiers id, email, phone_number is required.");
		return;
	}
	profile = profile_resolve(people, &row).profile;
	if (!profile) {
		error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/"),
			  "No profile with the given identifier exists.");
		return;
	}
	people_delete(people, profile);
	reply_empty(call, 202);
}
