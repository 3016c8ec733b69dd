/*
 * Every route of the table, as everybody: what the table says is what happens, and what comes back is what
 * the OpenAPI document says.
 */
#include "unit/test_admin_support.h"

#include "admin/files.h"

struct identity {
	const char *what;
	const char *name;
	enum user_role role;
	const char *stores; /* "2" is shop-b */
	const char *secret;
	const char *scopes; /* a token's */
	bool all_scopes;
};

static const struct identity identities[] = {
	{ "nobody", NULL, USER_VIEWER, "", NULL, NULL, false },
	{ "a viewer", "vera", USER_VIEWER, "", "secret-v", NULL, false },
	{ "an operator", "otto", USER_OPERATOR, "", "secret-o", NULL, false },
	{ "an owner", "ada", USER_OWNER, "", "secret-a", NULL, false },
	{ "a limited viewer", "lv", USER_VIEWER, "2", "secret-lv", NULL, false },
	{ "a limited operator", "lo", USER_OPERATOR, "2", "secret-lo", NULL, false },
	{ "a limited owner", "la", USER_OWNER, "2", "secret-la", NULL, false },
	{ "a token without scopes", "ada", USER_OWNER, "", "token-0", " ", false },
	{ "a token with all scopes", "ada", USER_OWNER, "", "token-1",
	  "overview:read settings:read settings:write activity:read failed:write agreement:write "
	  "people:read people:erase imports:write accounts:write users:read users:write self",
	  true },
};

/* Why not, by the columns of the table; NULL: it may. */
static const char *refusal(const struct admin_route *route, const struct identity *who)
{
	if (route->flags & ROUTE_PUBLIC)
		return NULL;
	if (!who->name)
		return "sign_in";
	if (who->scopes && (route->flags & ROUTE_SESSION))
		return "session_only";
	if (who->role < scope_role(route->scope) || (who->stores[0] && (route->flags & ROUTE_UNLIMITED)))
		return "role";
	if (who->scopes && !who->all_scopes)
		return "scope";
	return NULL;
}

/* shop-a is not a limited user's; what could be removed is not there. */
static const char *path_of(struct rig *rig, const struct admin_route *route, const struct identity *who)
{
	bool removes = strcmp(route->method, "DELETE") == 0 && !who->stores[0];
	struct str rest = str_from(route->path), part, path = STR("");

	while (str_split(&rest, '/', &part)) {
		if (part.len == 0)
			continue;
		if (str_eq(part, STR("{store}")))
			part = removes ? STR("nowhere") : STR("shop-a");
		else if (str_eq(part, STR("{account}")))
			part = removes ? STR("nowhere") : STR("main");
		else if (str_starts(part, STR("{")))
			part = STR("999");
		path = arena_printf(&rig->arena, "%.*s/%.*s", STR_ARG(path), STR_ARG(part));
	}
	return path.p;
}

static void ask_as(struct rig *rig, const struct admin_route *route, const struct identity *who)
{
	const char *path = path_of(rig, route, who), *why = refusal(route, who);
	struct got got;

	if (who->name)
		rig_user(rig, who->name, who->role, who->stores, who->secret, who->scopes);
	rig_as(rig, who->scopes ? NULL : who->secret);
	rig->bearer = who->scopes ? who->secret : NULL;
	got = rig_ask(rig, route->method, path, route->request ? "{}" : NULL);
	check_answer(rig, route, &got);
	if (why)
		assert_problem(&got, strcmp(why, "sign_in") == 0 ? 401 : 403, why);
	else if (got.status == 401 || got.status == 403 || got.status >= 500)
		fail_msg("%s %s as %s: %d %.*s", route->method, path, who->what, got.status,
			 STR_ARG(got.body));
	if (!why && who->stores[0] && strstr(route->path, "{store}") && got.status < 400)
		fail_msg("%s %s as %s: seen", route->method, path, who->what);
}

static void every_route_as_everybody(void **state)
{
	struct rig *rig = *state;
	size_t n;
	const struct admin_route *route = route_all(&n);

	rig_user(rig, "ada", USER_OWNER, "", "secret-a", NULL);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_LEN(identities); k++)
			ask_as(rig, &route[i], &identities[k]);
}

/* A session may, its cookie alone may not. */
static void changes_need_the_csrf_token(void **state)
{
	struct rig *rig = *state;
	size_t n;
	const struct admin_route *route = route_all(&n);

	rig_user(rig, "ada", USER_OWNER, "", "secret-a", NULL);
	for (size_t i = 0; i < n; i++) {
		struct got got;

		if (strcmp(route[i].method, "GET") == 0 || (route[i].flags & ROUTE_PUBLIC))
			continue;
		rig_as(rig, "secret-a");
		rig->csrf = NULL;
		got = rig_ask(rig, route[i].method, path_of(rig, &route[i], &identities[3]), "{}");
		assert_problem(&got, 403, "csrf");
		rig->csrf = session_csrf(STR("another session"), &rig->arena).p;
		got = rig_ask(rig, route[i].method, path_of(rig, &route[i], &identities[3]), "{}");
		assert_problem(&got, 403, "csrf");
	}
}

static void what_is_not_there(void **state)
{
	struct rig *rig = *state;
	struct got got;

	rig_user(rig, "ada", USER_OWNER, "", "secret-a", NULL);
	rig_as(rig, "secret-a");
	got = rig_ask(rig, "GET", "/nothing", NULL);
	assert_problem(&got, 404, "not_found");
	got = rig_ask(rig, "PUT", "/overview", NULL);
	assert_problem(&got, 405, "wrong_method");
	got = rig_ask(rig, "GET", "/overview?nonsense=1", NULL);
	assert_problem(&got, 422, "invalid");
	got = rig_ask(rig, "GET", "/story", NULL);
	assert_problem(&got, 422, "invalid");
	got = rig_ask(rig, "POST", "/people/find", "{\"email\":\"a@b.example\",\"more\":1}");
	assert_problem(&got, 422, "invalid");
	got = rig_ask(rig, "POST", "/people/find", "{\"email\":1}");
	assert_problem(&got, 422, "invalid");
	got = rig_ask(rig, "POST", "/people/find", "[1");
	assert_problem(&got, 422, "invalid");
}

/* DNS rebinding, other sites, other ways in. */
static void other_names_and_sites_are_refused(void **state)
{
	static const struct {
		const char *method, *host, *origin, *site;
		int status;
		const char *code;
	} rows[] = {
		{ "GET", "evil.example", NULL, NULL, 421, "wrong_host" },
		{ "GET", "127.0.0.1.evil.example", NULL, NULL, 421, "wrong_host" },
		{ "GET", "localhost.evil.example:80", NULL, NULL, 421, "wrong_host" },
		{ "GET", "localhost:1", NULL, "cross-site", 403, "cross_site" },
		{ "GET", "localhost:1", NULL, "same-site", 403, "cross_site" },
		{ "POST", "localhost:1", "https://evil.example", NULL, 403, "cross_site" },
		{ "POST", "localhost:1", "http://localhost:2", NULL, 403, "cross_site" },
		{ "POST", "localhost:1", "null", NULL, 403, "cross_site" },
		{ "POST", "localhost:1", NULL, "none", 403, "cross_site" },
		{ "POST", "localhost:1", "http://localhost:1", "same-origin", 422, "invalid" },
		{ "GET", "[::1]:1", "http://[::1]:1", "same-origin", 200, NULL },
		{ "GET", "localhost", NULL, "none", 200, NULL },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct got got;

		rig->host = rows[i].host;
		rig->origin = rows[i].origin;
		rig->site = rows[i].site;
		got = rig_ask(rig, rows[i].method, "/session", strcmp(rows[i].method, "POST") ? NULL : "{}");
		if (rows[i].code)
			assert_problem(&got, rows[i].status, rows[i].code);
		else
			assert_int_equal(got.status, rows[i].status);
	}
}

static void behind_a_proxy_only_its_name_counts(void **state)
{
	struct rig *rig = *state;
	struct got got;

	rig_halt(rig);
	rig_start(rig, "https://pannier.example");
	got = rig_ask(rig, "GET", "/session", NULL);
	assert_problem(&got, 421, "wrong_host");
	rig->host = "pannier.example";
	got = rig_ask(rig, "GET", "/session", NULL);
	assert_int_equal(got.status, 200);
	rig->cookie = "secret-a";
	rig_user(rig, "ada", USER_OWNER, "", "secret-a", NULL);
	got = rig_ask(rig, "GET", "/session", NULL);
	assert_false(json_is_true(json_get(got.json, "signed_in"))); /* needs __Host- */
}

static void the_page_is_strict(void **state)
{
	struct rig *rig = *state;
	struct got page = rig_ask(rig, "GET", "/admin", NULL), got;

	assert_int_equal(page.status, 200);
	assert_true(str_starts(page.type, STR("text/html")));
	assert_non_null(strstr(page.policy.p, "require-trusted-types-for 'script'"));
	assert_null(strstr(page.policy.p, "unsafe"));
	got = rig_ask(rig, "GET", "/admin/stores/shop-a", NULL);
	assert_true(str_eq(got.body, page.body));
	got = rig_ask(rig, "GET", "/admin/files/../secret", NULL);
	assert_int_equal(got.status == 404 || str_eq(got.body, page.body), 1);
	got = rig_ask(rig, "POST", "/admin", "{}");
	assert_problem(&got, 405, "wrong_method");
}

/* "" if it names none. */
static struct str first_file_of(struct str page)
{
	while (!str_starts(page, STR("/admin/files/")) && page.len > 0)
		page = str_skip(page, 1);
	return str_of(page.p, str_find_char(page, '"'));
}

/* Where the libraries of the screens were not at hand, missing.html is the only file (src/admin). */
static bool has_screens(void)
{
	return n_admin_files > 1;
}

static void screens_are_served(void **state)
{
	struct rig *rig = *state;
	struct got got;
	struct str file;

	if (!has_screens())
		skip();
	file = first_file_of(rig_ask(rig, "GET", "/admin", NULL).body);
	assert_true(file.len > 0);
	got = rig_ask(rig, "GET", arena_cstr(&rig->arena, file), NULL);
	assert_int_equal(got.status, 200);
	assert_true(str_starts(got.type, STR("text/")) || str_eq(got.type, STR("image/svg+xml")));
}

static void without_screens_the_page_says_so(void **state)
{
	struct rig *rig = *state;
	struct got got;

	if (has_screens())
		skip();
	got = rig_ask(rig, "GET", "/admin", NULL);
	assert_non_null(strstr(arena_cstr(&rig->arena, got.body), "The screens are not in this build"));
	assert_int_equal(first_file_of(got.body).len, 0);
}

static void reads_have_etags(void **state)
{
	struct rig *rig = *state;
	struct got first, second;

	first = rig_ask(rig, "GET", "/session", NULL);
	second = rig_ask(rig, "GET", "/session", NULL);
	assert_true(first.etag.len > 2 && str_eq(first.etag, second.etag));
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_up, rig_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(every_route_as_everybody),
		WITH_RIG(changes_need_the_csrf_token),
		WITH_RIG(what_is_not_there),
		WITH_RIG(other_names_and_sites_are_refused),
		WITH_RIG(behind_a_proxy_only_its_name_counts),
		WITH_RIG(the_page_is_strict),
		WITH_RIG(screens_are_served),
		WITH_RIG(without_screens_the_page_says_so),
		WITH_RIG(reads_have_etags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
