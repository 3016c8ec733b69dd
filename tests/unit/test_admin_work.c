/* What the API does: signing in, settings, failed ones, users, pages, files, repeats. */
#include "model/id_text.h"
#include "unit/test_admin_support.h"

#define PASSWORD "correct horse battery"

static struct str session_of(struct got *got)
{
	struct str value = str_skip(got->cookie, str_find_char(got->cookie, '=') + 1);

	return str_of(value.p, str_find_char(value, ';'));
}

/* ---- signing in ---- */

static struct got sign_in(struct rig *rig, const char *password, const char *code)
{
	rig_as(rig, NULL);
	return rig_ask(rig, "POST", "/session",
		       arena_printf(&rig->arena, "{\"name\":\"ADA\",\"password\":\"%s\"%s%s%s}", password,
				    code ? ",\"code\":\"" : "", code ? code : "", code ? "\"" : "")
			       .p);
}

static void the_first_owner_needs_the_code_and_is_made_once(void **state)
{
	struct rig *rig = *state;
	struct str code = admin_setup_code(rig->admin);
	const char *body = arena_printf(&rig->arena,
					"{\"code\":\"%.*s\",\"name\":\"ada\",\"password\":\"" PASSWORD "\"}",
					STR_ARG(code))
				   .p;
	struct got got;

	assert_true(code.len == 32);
	got = rig_ask(rig, "POST", "/setup",
		      "{\"code\":\"x\",\"name\":\"eve\",\"password\":\"" PASSWORD "\"}");
	assert_problem(&got, 403, "setup_code");
	got = rig_call(rig, "setupPost", "/setup", body);
	assert_true(str_starts(got.cookie, STR("pannier_session=")));
	assert_non_null(strstr(got.cookie.p, "; HttpOnly; SameSite=Strict"));
	rig_as(rig, arena_cstr(&rig->arena, session_of(&got)));
	got = rig_call(rig, "overviewGet", "/overview", NULL);
	assert_int_equal(admin_setup_code(rig->admin).len, 0);
	got = rig_ask(rig, "POST", "/setup", body);
	assert_problem(&got, 409, "conflict");
	(void)rig_call(rig, "sessionDelete", "/session", NULL);
	got = rig_ask(rig, "GET", "/overview", NULL);
	assert_problem(&got, 401, "sign_in");
}

static void make_ada(struct rig *rig)
{
	struct users_new new = {
		.name = STR("ada"), .role = USER_OWNER, .password = STR(PASSWORD), .actor = STR("test")
	};
	struct look look = rig_look(rig);
	struct user_row user;

	OK(users_add(&look, &new, &user, &err));
	settings_release(rig->settings, look.snapshot);
}

static struct user_row read_ada(struct rig *rig, struct look *look)
{
	struct user_row *row = NULL;
	bool found = false;

	*look = rig_look(rig);
	OK(users_find(look, STR("ada"), &row, &found, &err));
	settings_release(rig->settings, look->snapshot);
	assert_true(found);
	return *row;
}

static void five_wrong_ones_lock_until_time_or_the_command_line(void **state)
{
	struct rig *rig = *state;
	struct user_change four = { .kind = USER_SIGN_IN };
	struct user_row ada;
	struct look look;
	struct got got;

	make_ada(rig);
	four.row = read_ada(rig, &look);
	four.row.failed = 4; /* a hash takes its time */
	OK(db_user_change(rig->db, rig->clock.now_ms, &four, &four.row.id, &err));
	got = sign_in(rig, "wrong password", NULL);
	assert_problem(&got, 401, "wrong_credentials");
	got = sign_in(rig, PASSWORD, NULL);
	assert_problem(&got, 429, "locked");
	assert_true(got.retry_after.len > 0);
	rig->clock.now_ms += MS_PER_MIN + 1;
	got = sign_in(rig, "wrong password", NULL);
	assert_problem(&got, 401, "wrong_credentials");
	rig->clock.now_ms += MS_PER_MIN + 1;
	got = sign_in(rig, PASSWORD, NULL);
	assert_problem(&got, 429, "locked"); /* twice as long */
	ada = read_ada(rig, &look);
	OK(users_set_password(&look, &ada, STR("another password"), true, STR("command line"), &err));
	got = sign_in(rig, "another password", NULL);
	assert_int_equal(got.status, 200);
}

static void too_many_attempts_from_one_address(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	for (int i = 0; i < 12 && got.status != 429; i++)
		got = rig_ask(rig, "POST", "/setup", "{\"code\":\"x\",\"name\":\"e\",\"password\":\"x\"}");
	assert_problem(&got, 429, "too_fast");
}

static const char *code_of_now(struct rig *rig, const char *secret)
{
	char *code = arena_alloc(&rig->arena, TOTP_DIGITS + 1);
	struct str key;

	assert_true(base32_decode(&rig->arena, str_from(secret), &key));
	totp_code(key, rig->clock.now_ms / TOTP_STEP_MS, code);
	return code;
}

static void a_second_factor_is_asked_for_and_each_code_counts_once(void **state)
{
	struct rig *rig = *state;
	const char *secret, *code;
	struct got got;

	make_ada(rig);
	got = sign_in(rig, PASSWORD, NULL);
	rig_as(rig, arena_cstr(&rig->arena, session_of(&got)));
	got = rig_call(rig, "totpPost", "/me/totp", NULL);
	secret = rig_text(rig, got.json, "secret");
	(void)rig_call(rig, "totpPut", "/me/totp",
		       arena_printf(&rig->arena,
				    "{\"secret\":\"%s\",\"code\":\"%s\",\"password\":\"" PASSWORD "\"}",
				    secret, code_of_now(rig, secret))
			       .p);
	got = sign_in(rig, PASSWORD, NULL);
	assert_problem(&got, 401, "second_factor");
	rig->clock.now_ms += TOTP_STEP_MS;
	code = code_of_now(rig, secret);
	got = sign_in(rig, PASSWORD, code);
	assert_int_equal(got.status, 200);
	got = sign_in(rig, PASSWORD, code);
	assert_problem(&got, 401, "wrong_credentials");
}

static void sessions_end_by_time_and_by_hand(void **state)
{
	struct rig *rig = *state;
	struct got got;

	rig_owner(rig);
	rig_user(rig, "ada", USER_OWNER, "", "other", NULL);
	got = rig_call(rig, "loginList", "/sessions", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 2);
	assert_false(json_is_true(json_get(json_at(json_get(got.json, "items"), 0), "current")));
	(void)rig_call(rig, "loginDelete", "/sessions/2", NULL);
	rig_as(rig, "other");
	got = rig_ask(rig, "GET", "/overview", NULL);
	assert_problem(&got, 401, "sign_in");
	rig_as(rig, "secret-a");
	(void)rig_call(rig, "overviewGet", "/overview", NULL);
	rig->clock.now_ms += MS_PER_DAY;
	got = rig_ask(rig, "GET", "/overview", NULL);
	assert_problem(&got, 401, "sign_in");
}

/* ---- users ---- */

static void an_invitation_makes_a_password_once(void **state)
{
	struct rig *rig = *state;
	const char *accept;
	struct got got;

	rig_owner(rig);
	got = rig_call(rig, "userPost", "/users",
		       "{\"name\":\"bob\",\"role\":\"operator\",\"stores\":[\"shop-b\"]}");
	accept = arena_printf(&rig->arena, "{\"token\":\"%s\",\"password\":\"" PASSWORD "\"}",
			      rig_text(rig, got.json, "token"))
			 .p;
	got = rig_ask(rig, "POST", "/users", "{\"name\":\"BOB\",\"role\":\"viewer\"}");
	assert_problem(&got, 409, "conflict");
	rig_as(rig, NULL);
	(void)rig_call(rig, "invitationAccept", "/invitations/accept", accept);
	got = rig_ask(rig, "POST", "/invitations/accept", accept);
	assert_problem(&got, 403, "invitation");
	got = rig_ask(rig, "POST", "/session", "{\"name\":\"bob\",\"password\":\"" PASSWORD "\"}");
	assert_true(
		str_eq(json_text(json_at(json_get(json_get(got.json, "user"), "stores"), 0)), STR("shop-b")));
}

static void two_editors_of_a_user_and_the_last_owner(void **state)
{
	struct rig *rig = *state;
	struct got got;

	rig_owner(rig);
	rig_user(rig, "bob", USER_VIEWER, "", "secret-b", NULL);
	rig->if_match = "\"1\"";
	(void)rig_call(rig, "userPatch", "/users/2", "{\"role\":\"operator\"}");
	got = rig_ask(rig, "PATCH", "/users/2", "{\"role\":\"viewer\"}");
	assert_problem(&got, 412, "changed");
	got = rig_ask(rig, "PATCH", "/users/1", "{\"role\":\"viewer\"}");
	assert_problem(&got, 409, "conflict");
	got = rig_ask(rig, "DELETE", "/users/1", NULL);
	assert_problem(&got, 409, "conflict");
	(void)rig_call(rig, "userDelete", "/users/2", NULL);
	rig_as(rig, "secret-b");
	got = rig_ask(rig, "GET", "/overview", NULL);
	assert_problem(&got, 401, "sign_in");
}

static void a_token_is_told_once_and_ends(void **state)
{
	struct rig *rig = *state;
	const char *secret;
	struct got got;

	rig_owner(rig);
	got = rig_call(rig, "tokenPost", "/tokens",
		       "{\"name\":\"ci\",\"scopes\":[\"overview:read\"],\"expires_days\":1}");
	secret = rig_text(rig, got.json, "secret");
	got = rig_call(rig, "tokenList", "/tokens", NULL);
	assert_null(strstr(got.body.p, secret));
	rig_as(rig, NULL);
	rig->bearer = secret;
	(void)rig_call(rig, "overviewGet", "/overview", NULL);
	got = rig_ask(rig, "GET", "/activity", NULL);
	assert_problem(&got, 403, "scope");
	rig->clock.now_ms += MS_PER_DAY;
	got = rig_ask(rig, "GET", "/overview", NULL);
	assert_problem(&got, 401, "sign_in");
	rig_owner(rig);
	got = rig_ask(rig, "POST", "/tokens", "{\"name\":\"ci\",\"scopes\":[\"everything\"]}");
	assert_int_equal(got.status >= 400, 1);
}

/* ---- settings ---- */

static void two_browsers_edit_one_setting(void **state)
{
	struct rig *rig = *state;
	const char *first;
	struct got got;

	rig_owner(rig);
	got = rig_call(rig, "storeSettingsGet", "/stores/shop-a/settings", NULL);
	first = arena_cstr(&rig->arena, got.etag);
	got = rig_call(rig, "storeSettingsPreview", "/stores/shop-a/settings/preview",
		       "{\"changes\":{\"category_name\":\"path\",\"quiet_ms\":\"1000\"}}");
	assert_int_equal(json_len(json_get(got.json, "changes")), 1);
	assert_true(json_is_true(json_get(got.json, "sweep")));
	rig->if_match = first;
	(void)rig_call(rig, "storeSettingsPatch", "/stores/shop-a/settings",
		       "{\"changes\":{\"category_name\":\"path\"}}");
	got = rig_ask(rig, "PATCH", "/stores/shop-a/settings", "{\"changes\":{\"market\":\"se\"}}");
	assert_problem(&got, 412, "changed");
	rig->if_match = NULL;
	got = rig_ask(rig, "PATCH", "/stores/shop-a/settings", "{\"changes\":{\"market\":\"se\"}}");
	assert_problem(&got, 412, "changed");
	got = rig_call(rig, "storeSettingsGet", "/stores/shop-a/settings", NULL);
	rig->if_match = arena_cstr(&rig->arena, got.etag);
	got = rig_ask(rig, "PATCH", "/stores/shop-a/settings",
		      "{\"changes\":{\"category_name\":\"nonsense\"}}");
	assert_problem(&got, 422, "invalid");
	(void)rig_call(rig, "storeSettingsPatch", "/stores/shop-a/settings",
		       "{\"changes\":{\"category_name\":null}}");
	got = rig_call(rig, "activityList", "/activity?code=config_changed&limit=1", NULL);
	assert_non_null(strstr(got.body.p, "category_name \\\"path\\\" -> \\\"leaf\\\" (by ada)"));
}

/* ---- in place of the shop ---- */

static void a_message_is_handed_in(void **state)
{
	static const char body[] =
		"{\"body\":\"{\\\"id\\\":\\\"s1\\\",\\\"type\\\":\\\"price.changed\\\",\\\"data\\\":"
		"{\\\"product_id\\\":\\\"p\\\",\\\"price\\\":\\\"1.00\\\",\\\"currency\\\":\\\"EUR\\\"}}\"}";
	struct rig *rig = *state;
	struct inbox_message *message;
	const char *id;
	struct err err;
	struct got got;
	size_t n;

	rig_owner(rig);
	got = rig_call(rig, "messagePost", "/stores/shop-a/messages", body);
	id = rig_text(rig, json_at(json_get(got.json, "items"), 0), "message");
	assert_true(db_inbox_claim(rig->db, 10, 1 << 20, &rig->arena, &message, &n, &err));
	assert_int_equal(n, 1);
	assert_int_equal(message[0].store_id, 1);
	got = rig_call(rig, "messagePost", "/stores/shop-a/messages", body);
	assert_true(json_is_true(json_get(json_at(json_get(got.json, "items"), 0), "duplicate")));
	got = rig_call(rig, "activityList", "/activity?code=person_sent", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 2);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), 1), "message"), id);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), 1), "reason"), "by ada");
	got = rig_ask(rig, "POST", "/stores/shop-a/messages", "{\"body\":\"[\"}");
	assert_problem(&got, 422, "invalid");
}

/* ---- the catalog ---- */

static void the_catalog_is_listed_by_prefix(void **state)
{
	static const char *const id[] = { "b-1", "b-10", "b-2", "c-1", "a-1" };
	struct rig *rig = *state;
	struct fact fact[6] = { { .entity = { ENTITY_CATEGORY, STR("b") },
				  .part = STR("base"),
				  .body = STR("{\"title\":\"Cups\"}") } };
	struct inbox_record record = { .store_id = 1, .received_ms = START_MS, .body = STR("{}") };
	struct inbox_result result = { .store_id = 1, .state = MESSAGE_MAPPED, .fact = fact, .n_fact = 6 };
	struct inbox_receipt receipt;
	struct err err;
	struct got got;

	for (int i = 0; i < 5; i++)
		fact[i + 1] = (struct fact){ .entity = { ENTITY_PRODUCT, str_from(id[i]) },
					     .part = STR("base"),
					     .body = STR("{\"title\":\"Mug\"}") };
	assert_true(db_inbox_append(rig->db, &record, 1, &receipt, &err));
	result.message_id = receipt.id;
	assert_true(db_inbox_complete(rig->db, START_MS, &result, 1, &err));
	rig_owner(rig);
	got = rig_call(rig, "catalogList", "/catalog?store=shop-a&limit=2", NULL);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), 0), "id"), "a-1");
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), 0), "title"), "Mug");
	assert_string_equal(rig_text(rig, got.json, "next"), "b-1");
	got = rig_call(rig, "catalogList", "/catalog?store=shop-a&prefix=b-1", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 2);
	got = rig_call(rig, "catalogList", "/catalog?store=shop-a&prefix=b-&cursor=b-1&limit=1", NULL);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), 0), "id"), "b-10");
	assert_string_equal(rig_text(rig, got.json, "next"), "b-10");
	got = rig_call(rig, "catalogList", "/catalog?store=shop-a&prefix=b-&cursor=b-10&limit=1", NULL);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), 0), "id"), "b-2");
	assert_int_equal(json_type(json_get(got.json, "next")), JSON_NULL);
	got = rig_call(rig, "catalogList", "/catalog?store=shop-a&kind=category", NULL);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), 0), "title"), "Cups");
	got = rig_call(rig, "catalogList", "/catalog?store=shop-b", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 0);
	rig_user(rig, "lo", USER_OPERATOR, "2", "secret-lo", NULL);
	rig_as(rig, "secret-lo");
	got = rig_ask(rig, "GET", "/catalog?store=shop-a", NULL);
	assert_problem(&got, 404, "not_found");
}

/* ---- the way of a delivery ---- */

/* Three items leave in one request; one is refused. */
static int64_t send_three(struct rig *rig)
{
	struct delivery_new item[3];
	struct catalog_publication publication = { .store_id = 1,
						   .account_id = 1,
						   .root = { ENTITY_PRODUCT, STR("mug") },
						   .delivery = item,
						   .n_delivery = 3 };
	struct delivery_settlement settled[3] = { { 0 } };
	struct outbox_claim claim = { .account_id = 1,
				      .kind = KLAVIYO_ITEM,
				      .op = DELIVERY_CREATE,
				      .max_n = 100,
				      .max_bytes = 1 << 20,
				      .endpoint = STR("item_bulk_create") };
	struct outbox_settlement settlement = { .delivery = settled, .n = 3, .http_status = 202 };
	struct outbox_batch batch;
	struct err err;

	for (int i = 0; i < 3; i++)
		item[i] = (struct delivery_new){
			.kind = KLAVIYO_ITEM,
			.op = DELIVERY_CREATE,
			.external_id = arena_printf(&rig->arena, "mug-%d", i),
			.body = arena_printf(&rig->arena,
					     "{\"type\":\"catalog-item\",\"attributes\":{\"external_id\":"
					     "\"mug-%d\",\"title\":\"Mug\"}}",
					     i),
		};
	assert_true(db_catalog_publish(rig->db, START_MS, &publication, 1, &err));
	assert_true(db_outbox_claim(rig->db, START_MS, &claim, &rig->arena, &batch, &err));
	assert_int_equal(batch.n, 3);
	for (int i = 0; i < 3; i++)
		settled[i] =
			(struct delivery_settlement){ .delivery_id = batch.delivery[i].id,
						      .state = i == 1 ? DELIVERY_FAILED : DELIVERY_ACCEPTED,
						      .exists = true,
						      .reason = i == 1 ? STR("title is wrong") : STR("") };
	settlement.batch_id = batch.id;
	assert_true(db_outbox_settle(rig->db, START_MS + 40, &settlement, &err));
	return batch.delivery[1].id;
}

/* The state of what Klaviyo was told under that id, of the first entity of a story. */
static const char *told_of(struct rig *rig, const struct json *story, const char *external_id)
{
	const struct json *list = json_get(json_at(json_get(story, "entities"), 0), "sent");

	for (size_t i = 0; i < json_len(list); i++)
		if (strcmp(rig_text(rig, json_at(list, i), "external_id"), external_id) == 0)
			return rig_text(rig, json_at(list, i), "state");
	return "";
}

static void a_story_has_the_request_and_its_answer(void **state)
{
	struct rig *rig = *state;
	char id[ID_TEXT_BYTES];
	const struct json *delivery, *sending, *answer;
	int64_t n = 0;
	struct got got;

	rig_owner(rig);
	id_text(ID_DELIVERY, send_three(rig), id);
	got = rig_call(rig, "storyGet", arena_printf(&rig->arena, "/story?about=%s", id).p, NULL);
	delivery = json_at(json_get(got.json, "deliveries"), 0);
	sending = json_at(json_get(delivery, "sendings"), 0);
	answer = json_at(json_get(sending, "answers"), 0);
	assert_string_equal(told_of(rig, got.json, "mug-0"), "there");
	assert_string_equal(told_of(rig, got.json, "mug-1"), "failed");
	assert_string_equal(rig_text(rig, sending, "endpoint"), "item_bulk_create");
	assert_int_equal(json_len(json_get(sending, "members")), 3);
	assert_string_equal(rig_text(rig, json_at(json_get(sending, "members"), 1), "delivery"), id);
	assert_string_equal(rig_text(rig, answer, "code"), "delivery_failed");
	assert_true(json_get_int(answer, "http_status", &n) && n == 202);
	assert_non_null(strstr(rig_text(rig, answer, "reason"), "title is wrong"));
	assert_string_equal(rig_text(rig, json_get(delivery, "request"), "method"), "POST");
	assert_non_null(strstr(rig_text(rig, json_get(delivery, "request"), "url"), "bulk-create-jobs"));
	got = rig_call(rig, "storyRequest", arena_printf(&rig->arena, "/story/request?delivery=%s", id).p,
		       NULL);
	assert_true(json_get_int(got.json, "rows", &n) && n == 3);
	assert_true(json_is_true(json_get(got.json, "complete")));
	for (int i = 0; i < 3; i++)
		assert_non_null(strstr(got.body.p, arena_printf(&rig->arena, "\"mug-%d\"", i).p));
	rig_user(rig, "vera", USER_VIEWER, "", "secret-v", NULL);
	rig_as(rig, "secret-v");
	got = rig_call(rig, "storyGet", arena_printf(&rig->arena, "/story?about=%s", id).p, NULL);
	assert_null(json_get(json_at(json_get(got.json, "deliveries"), 0), "request"));
	rig_user(rig, "lo", USER_OPERATOR, "2", "secret-lo", NULL);
	rig_as(rig, "secret-lo");
	got = rig_ask(rig, "GET", arena_printf(&rig->arena, "/story/request?delivery=%s", id).p, NULL);
	assert_problem(&got, 404, "not_found");
}

/* Through the API: who changed what, back, and not over what somebody changed since. */
static void a_change_is_taken_back(void **state)
{
	struct rig *rig = *state;
	const struct json *row;
	const char *undo;
	struct got got;
	int64_t number;

	rig_owner(rig);
	got = rig_call(rig, "storeSettingsGet", "/stores/shop-a/settings", NULL);
	rig->if_match = arena_cstr(&rig->arena, got.etag);
	(void)rig_call(rig, "storeSettingsPatch", "/stores/shop-a/settings",
		       "{\"changes\":{\"category_name\":\"path\"}}");
	got = rig_call(rig, "settingsHistory", "/settings/history?store=shop-a&limit=1", NULL);
	row = json_at(json_get(got.json, "items"), 0);
	assert_string_equal(rig_text(rig, row, "by"), "ada");
	assert_string_equal(rig_text(rig, row, "undo"), "possible");
	assert_string_equal(rig_text(rig, json_at(json_get(row, "changes"), 0), "from"), "leaf");
	assert_string_equal(rig_text(rig, json_at(json_get(row, "changes"), 0), "now"), "path");
	assert_true(json_get_int(row, "number", &number));
	undo = arena_printf(&rig->arena, "/settings/history/%lld/undo", (long long)number).p;
	got = rig_call(rig, "settingsUndo", undo, NULL);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "changes"), 0), "to"), "leaf");
	got = rig_call(rig, "settingsHistory", "/settings/history?store=shop-a&limit=2", NULL);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), 1), "undo"), "done");
	got = rig_ask(rig, "POST", undo, NULL);
	assert_problem(&got, 409, "changed");
	got = rig_call(rig, "settingsHistory", "/settings/history?account=main", NULL);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), 0), "what"), "added");
}

/* Whether by a session or a token: to move a store is to change accounts, and so is to move it back. */
static void a_store_is_moved_back_by_who_may_move_it(void **state)
{
	struct rig *rig = *state;
	struct config_history_filter newest = { .max_n = 1 };
	struct config_history_row *row;
	struct err err;
	struct got got;
	const char *undo;
	size_t n;

	assert_true(settings_account_add(rig->settings, STR("other"), STR("pk_other_0123456789"), NULL, 0,
					 START_MS, &err));
	assert_true(settings_store_set(rig->settings, STR("shop-a"), STR("other"), STR(""), NULL, 0, START_MS,
				       &err));
	assert_true(db_config_history(rig->db, &newest, &rig->arena, &row, &n, &err));
	undo = arena_printf(&rig->arena, "/settings/history/%lld/undo", (long long)row->version).p;
	rig_user(rig, "ada", USER_OWNER, "", "token-s", "settings:read settings:write");
	rig->bearer = "token-s";
	got = rig_ask(rig, "POST", undo, NULL);
	assert_problem(&got, 403, "role");
	rig_user(rig, "ada", USER_OWNER, "", "token-a", "settings:read settings:write accounts:write");
	rig->bearer = "token-a";
	got = rig_call(rig, "settingsUndo", undo, NULL);
	assert_string_equal(rig_text(rig, json_at(json_get(got.json, "changes"), 0), "to"), "main");
}

/* A limited user sees the changes of his own stores, and takes back those alone. */
static void history_is_for_those_it_concerns(void **state)
{
	struct rig *rig = *state;
	struct config_history_filter all = { .max_n = 100 };
	struct config_history_row *row;
	struct err err;
	struct got got;
	size_t n;

	assert_true(db_config_history(rig->db, &all, &rig->arena, &row, &n, &err));
	assert_true(n >= 3);
	rig_user(rig, "lo", USER_OPERATOR, "2", "secret-lo", NULL);
	rig_as(rig, "secret-lo");
	got = rig_call(rig, "settingsHistory", "/settings/history", NULL);
	for (size_t i = 0; i < json_len(json_get(got.json, "items")); i++) {
		const struct json *one = json_at(json_get(got.json, "items"), i);

		assert_false(str_eq(json_get_text(one, "name"), STR("shop-a")));
	}
	for (size_t i = 0; i < n; i++) {
		const char *undo =
			arena_printf(&rig->arena, "/settings/history/%lld/undo", (long long)row[i].version).p;

		got = rig_ask(rig, "POST", undo, NULL);
		if (row[i].store_id == 0)
			assert_problem(&got, 403, "role");
		else if (row[i].store_id == 1)
			assert_problem(&got, 404, "not_found");
		else
			assert_problem(&got, 422, "invalid"); /* it was added */
	}
}

static void accounts_and_stores_come_and_go(void **state)
{
	struct rig *rig = *state;
	const char *secret;
	struct got got;

	rig_owner(rig);
	(void)rig_call(rig, "accountPost", "/accounts",
		       "{\"name\":\"second\",\"key\":\"pk_abcdefghijkl\",\"settings\":{\"api_url\":\"http://"
		       "127.0.0.1:1\"}}");
	got = rig_call(rig, "accountCheck", "/accounts/second/check", NULL);
	assert_false(json_is_true(json_get(got.json, "ok")));
	got = rig_call(rig, "storePost", "/stores",
		       "{\"name\":\"shop-c\",\"platform\":\"generic\",\"account\":\"second\"}");
	secret = rig_text(rig, got.json, "secret");
	assert_int_equal(strlen(secret), 64);
	got = rig_call(rig, "storeSecretPost", "/stores/shop-c/secret",
		       "{\"keep_old\":true,\"secret\":\"another-secret-xyz\"}");
	assert_int_equal(json_type(json_get(got.json, "secret")), JSON_NULL);
	got = rig_call(rig, "storeGet", "/stores/shop-c", NULL);
	assert_null(strstr(got.body.p, "another-secret-xyz"));
	assert_null(strstr(got.body.p, secret));
	(void)rig_call(rig, "storeSecretDelete", "/stores/shop-c/secret/old", NULL);
	got = rig_ask(rig, "DELETE", "/accounts/second", NULL);
	assert_problem(&got, 409, "conflict");
	(void)rig_call(rig, "storeDelete", "/stores/shop-c", NULL);
	(void)rig_call(rig, "accountKeyPut", "/accounts/second/key", "{\"key\":\"pk_mnopqrstuvwx\"}");
	(void)rig_call(rig, "accountDelete", "/accounts/second", NULL);
}

/* ---- activity ---- */

static void note(struct rig *rig, int64_t store_id, const char *reason)
{
	struct audit_row row = { .code = AUDIT_MESSAGE_REFUSED,
				 .store_id = store_id,
				 .at_ms = rig->clock.now_ms++,
				 .reason = str_from(reason) };

	OK(db_audit_append(rig->db, &row, 1, &err));
}

static void pages_hold_each_row_once_while_more_come(void **state)
{
	struct rig *rig = *state;
	const char *cursor = "", *path;
	size_t n = 0;
	struct got got;

	rig_owner(rig);
	for (int i = 0; i < 250; i++)
		note(rig, 1 + i % 2, "refused");
	do {
		note(rig, 1, "newer");
		path = arena_printf(&rig->arena, "/activity?code=message_refused&limit=100%s%s",
				    cursor[0] ? "&cursor=" : "", cursor)
			       .p;
		got = rig_call(rig, "activityList", path, NULL);
		n += json_len(json_get(got.json, "items"));
		cursor = rig_text(rig, got.json, "next");
	} while (cursor[0]);
	assert_int_equal(n, 251);
	rig_user(rig, "lv", USER_VIEWER, "2", "secret-lv", NULL);
	rig_as(rig, "secret-lv");
	got = rig_call(rig, "activityList", "/activity?limit=1000", NULL);
	for (size_t i = 0; i < json_len(json_get(got.json, "items")); i++)
		assert_string_equal(rig_text(rig, json_at(json_get(got.json, "items"), i), "store"),
				    "shop-b");
	got = rig_ask(rig, "GET", "/activity?cursor=nonsense", NULL);
	assert_problem(&got, 422, "invalid");
}

static void a_file_for_spreadsheets_starts_no_formula(void **state)
{
	struct rig *rig = *state;
	struct got got;

	rig_owner(rig);
	note(rig, 1, "=HYPERLINK(\"http://evil.example\")");
	note(rig, 1, "a \"quoted\", text\nof two lines");
	got = rig_ask(rig, "GET", "/activity/export?format=csv&code=message_refused", NULL);
	assert_int_equal(got.status, 200);
	assert_true(str_starts(got.body, STR("\"id\",\"at\",\"code\",")));
	assert_non_null(strstr(got.body.p, "\"'=HYPERLINK(\"\"http://evil.example\"\")\""));
	assert_non_null(strstr(got.body.p, "\"a \"\"quoted\"\", text\nof two lines\""));
	got = rig_ask(rig, "GET", "/activity/export?format=ndjson&code=message_refused", NULL);
	assert_true(str_starts(got.body, STR("{\"id\":")));
	assert_true(str_ends(got.body, STR("}\n")));
}

/* ---- failed ---- */

static int64_t fail_message(struct rig *rig, int64_t store_id, const char *reason)
{
	struct inbox_record record = { .store_id = store_id,
				       .received_ms = rig->clock.now_ms,
				       .body = STR("{}") };
	struct inbox_result result = { .store_id = store_id,
				       .state = MESSAGE_FAILED,
				       .reason = str_from(reason) };
	struct inbox_receipt receipt;
	static unsigned char n;

	record.key.byte[0] = record.slot.byte[0] = ++n;
	OK(db_inbox_append(rig->db, &record, 1, &receipt, &err));
	result.message_id = receipt.id;
	OK(db_inbox_complete(rig->db, rig->clock.now_ms, &result, 1, &err));
	return receipt.id;
}

static void failed_ones_are_grouped_retried_and_discarded(void **state)
{
	struct rig *rig = *state;
	const struct json *group;
	const char *body;
	struct got got;

	rig_owner(rig);
	(void)fail_message(rig, 1, "price \"12,00\" of variant 17 is no number");
	(void)fail_message(rig, 2, "price \"x\" of variant 4711 is no number");
	(void)fail_message(rig, 1, "not JSON at line 3");
	got = rig_call(rig, "failedGroups", "/failed/groups", NULL);
	assert_int_equal(json_len(json_get(got.json, "items")), 2);
	group = json_at(json_get(got.json, "items"), 0);
	assert_string_equal(rig_text(rig, group, "cause"), "price ... of variant ... is no number");
	body = arena_printf(&rig->arena, "{\"group\":\"%s\",\"store\":\"shop-b\"}",
			    rig_text(rig, group, "group"))
		       .p;
	got = rig_call(rig, "failedRetry", "/failed/retry", body);
	assert_int_equal(json_type(json_get(got.json, "changed")), JSON_INTEGER);
	assert_non_null(strstr(got.body.p, "{\"changed\":1}"));
	rig_user(rig, "lo", USER_OPERATOR, "2", "secret-lo", NULL);
	rig_as(rig, "secret-lo");
	got = rig_call(rig, "failedDiscard", "/failed/discard", "{\"all\":true,\"reason\":\"old\"}");
	assert_non_null(strstr(got.body.p, "{\"changed\":0}"));
	rig_as(rig, "secret-a");
	got = rig_ask(rig, "POST", "/failed/discard", "{\"all\":true}");
	assert_problem(&got, 422, "invalid");
	got = rig_call(rig, "failedDiscard", "/failed/discard", "{\"all\":true,\"reason\":\"old\"}");
	assert_non_null(strstr(got.body.p, "{\"changed\":2}"));
}

static void the_same_key_is_carried_out_once(void **state)
{
	struct rig *rig = *state;
	struct got got;

	rig_owner(rig);
	(void)fail_message(rig, 1, "broken");
	rig->key = "abc-1";
	got = rig_call(rig, "failedRetry", "/failed/retry", "{\"all\":true}");
	assert_non_null(strstr(got.body.p, "{\"changed\":1}"));
	assert_int_equal(got.replayed.len, 0);
	got = rig_call(rig, "failedRetry", "/failed/retry", "{\"all\":true}");
	assert_non_null(strstr(got.body.p, "{\"changed\":1}"));
	assert_true(str_eq(got.replayed, STR("true")));
	got = rig_ask(rig, "POST", "/failed/retry", "{\"store\":\"shop-a\"}");
	assert_problem(&got, 422, "key_used");
	rig->key = "abc-2";
	got = rig_call(rig, "failedRetry", "/failed/retry", "{\"all\":true}");
	assert_non_null(strstr(got.body.p, "{\"changed\":0}"));
}

/* ---- live ---- */

static void events_wait_until_something_changes(void **state)
{
	struct rig *rig = *state;
	struct got got;
	struct str id;

	rig_owner(rig);
	got = rig_ask(rig, "GET", "/events", NULL);
	assert_true(str_starts(got.type, STR("text/event-stream")));
	id = str_skip(got.body, sizeof("retry: 300\nid: ") - 1);
	rig->last_event_id = arena_cstr(&rig->arena, str_of(id.p, str_find_char(id, '\n')));
	note(rig, 1, "something");
	got = rig_ask(rig, "GET", "/events", NULL);
	assert_non_null(strstr(got.body.p, "event: activity\n"));
	assert_null(strstr(got.body.p, "event: settings\n"));
}

static void series_count_per_minute(void **state)
{
	struct rig *rig = *state;
	struct samples *samples = samples_new();
	int64_t sum[3][SAMPLE_KINDS] = { { 0 } };
	struct store_summary store[] = { { .store_id = 1, .received = 100 },
					 { .store_id = 2, .received = 5 } };
	struct summary summary = { .store = store, .n_store = 1 };
	size_t n;

	(void)rig;
	assert_true(samples_due(samples, START_MS));
	samples_take(samples, &summary, START_MS);
	store[0].received = 103;
	samples_take(samples, &summary, START_MS + MS_PER_MIN);
	assert_false(samples_due(samples, START_MS + MS_PER_MIN));
	store[0].received = 110;
	summary.n_store = 2; /* it was added, and sent its first messages at once */
	samples_take(samples, &summary, START_MS + 2 * MS_PER_MIN);
	assert_int_equal(samples_from_ms(samples, &n), START_MS);
	assert_int_equal(n, 3);
	samples_add(samples, false, 1, 3, sum);
	assert_int_equal(sum[0][SAMPLE_RECEIVED], 0);
	assert_int_equal(sum[1][SAMPLE_RECEIVED], 3);
	assert_int_equal(sum[2][SAMPLE_RECEIVED], 7);
	samples_add(samples, false, 2, 3, sum);
	assert_int_equal(sum[2][SAMPLE_RECEIVED], 12);
	samples_free(samples);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_up, rig_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(the_first_owner_needs_the_code_and_is_made_once),
		WITH_RIG(five_wrong_ones_lock_until_time_or_the_command_line),
		WITH_RIG(too_many_attempts_from_one_address),
		WITH_RIG(a_second_factor_is_asked_for_and_each_code_counts_once),
		WITH_RIG(sessions_end_by_time_and_by_hand),
		WITH_RIG(an_invitation_makes_a_password_once),
		WITH_RIG(two_editors_of_a_user_and_the_last_owner),
		WITH_RIG(a_token_is_told_once_and_ends),
		WITH_RIG(two_browsers_edit_one_setting),
		WITH_RIG(a_message_is_handed_in),
		WITH_RIG(the_catalog_is_listed_by_prefix),
		WITH_RIG(a_story_has_the_request_and_its_answer),
		WITH_RIG(a_change_is_taken_back),
		WITH_RIG(history_is_for_those_it_concerns),
		WITH_RIG(a_store_is_moved_back_by_who_may_move_it),
		WITH_RIG(accounts_and_stores_come_and_go),
		WITH_RIG(pages_hold_each_row_once_while_more_come),
		WITH_RIG(a_file_for_spreadsheets_starts_no_formula),
		WITH_RIG(failed_ones_are_grouped_retried_and_discarded),
		WITH_RIG(the_same_key_is_carried_out_once),
		WITH_RIG(events_wait_until_something_changes),
		WITH_RIG(series_count_per_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
