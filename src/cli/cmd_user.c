/*
 * user add, list, set, password, remove: who may use the screens and the API.
 */
#include "admin/grants.h"
#include "admin/text.h"
#include "cli/commands.h"
#include "cli/text_table.h"

#define ACTOR STR("command line")

static bool find_user(struct cli *cli, const char *name, struct user_row *out, struct err *err)
{
	struct user_row *row;
	bool found;

	if (!users_find(&cli->look, str_from(name), &row, &found, err))
		return false;
	if (!found)
		return err_set(err, ERR_NOT_FOUND, "no user '%s'", name);
	*out = *row;
	return true;
}

/* What --role and --store say; what they do not say stays. */
static bool take_options(struct cli *cli, struct user_row *row, struct err *err)
{
	const char *role = cli_option(cli, "role");
	const char **name;
	struct str *store;
	size_t n;

	if (role && !user_role_parse(str_from(role), &row->role))
		return err_set(err, ERR_INVALID, "--role is viewer, operator or owner");
	if (cli->command->run == cmd_user_set && cli_flag(cli, "all-stores"))
		row->stores = STR("");
	name = cli_option_all(cli, "store", &n);
	store = ARENA_ARRAY(&cli->arena, n + 1, struct str);
	for (size_t i = 0; i < n; i++)
		store[i] = str_from(name[i]);
	return n == 0 || users_stores_parse(&cli->look, store, n, &row->stores, err);
}

static bool print_invitation(struct cli *cli, const struct user_row *user, struct err *err)
{
	struct grant_row grant;
	struct str secret;

	if (!invitation_add(&cli->look, rand_system(), user, ACTOR, &grant, &secret, err))
		return false;
	(void)fprintf(cli->out,
		      "User %.*s invited. The person opens this within 7 days, behind the address of the "
		      "screens:\n\n"
		      "  /admin#invitation=%.*s\n",
		      STR_ARG(user->name), STR_ARG(secret));
	return true;
}

bool cmd_user_add(struct cli *cli, struct err *err)
{
	struct user_row row = { .role = USER_VIEWER };
	struct users_new new = { .name = str_from(cli->arg[0]), .actor = ACTOR };

	if (!session_open(cli, SESSION_CREATE, err) || !take_options(cli, &row, err))
		return false;
	if (cli_option(cli, "password-file") && !cli_secret_file(cli, "password-file", &new.password, err))
		return false;
	new.role = row.role;
	new.stores = row.stores;
	if (!users_add(&cli->look, &new, &row, err))
		return false;
	if (new.password.len == 0)
		return print_invitation(cli, &row, err);
	(void)fprintf(cli->out, "User %.*s added as %s.\n", STR_ARG(row.name), user_role_text(row.role));
	return true;
}

bool cmd_user_set(struct cli *cli, struct err *err)
{
	struct user_row row, changed;

	if (!session_open(cli, SESSION_EXISTING, err) || !find_user(cli, cli->arg[0], &row, err) ||
	    !take_options(cli, &row, err) || !users_change(&cli->look, &row, ACTOR, &changed, err))
		return false;
	(void)fprintf(cli->out, "User %.*s changed.\n", STR_ARG(changed.name));
	return true;
}

bool cmd_user_password(struct cli *cli, struct err *err)
{
	struct str password;
	struct user_row row;

	if (!cli_secret_file(cli, "password-file", &password, err) ||
	    !session_open(cli, SESSION_EXISTING, err) || !find_user(cli, cli->arg[0], &row, err) ||
	    !users_set_password(&cli->look, &row, password, cli_flag(cli, "drop-second-factor"), ACTOR, err))
		return false;
	(void)fprintf(cli->out, "Password of %.*s changed; all sessions and tokens ended.\n",
		      STR_ARG(row.name));
	return true;
}

bool cmd_user_remove(struct cli *cli, struct err *err)
{
	struct user_row row;

	if (!session_open(cli, SESSION_EXISTING, err) || !find_user(cli, cli->arg[0], &row, err) ||
	    !users_remove(&cli->look, &row, ACTOR, err))
		return false;
	(void)fprintf(cli->out, "User %.*s removed.\n", STR_ARG(row.name));
	return true;
}

static const char *state_of(const struct user_row *row, int64_t now_ms)
{
	return row->locked_until_ms > now_ms ? "locked" : row->password.len > 0 ? "active" : "invited";
}

static struct json *user_json(struct cli *cli, const struct user_row *row)
{
	struct json *json = json_new_object();

	json_put(json, "name", row->name);
	json_put(json, "role", str_from(user_role_text(row->role)));
	json_set(json, "stores", users_stores_json(&cli->look, row->stores));
	json_put(json, "state", str_from(state_of(row, clock_wall_ms(cli->clock))));
	json_set(json, "totp", json_new_bool(row->totp_sealed.len > 0));
	json_put_time(json, "created_at", row->created_ms);
	json_put_time(json, "seen_at", row->seen_ms);
	return json;
}

bool cmd_user_list(struct cli *cli, struct err *err)
{
	static const char *const header[] = { "USER", "ROLE", "STATE", "SECOND FACTOR",
					      "LAST SIGN-IN (UTC)" };
	struct text_table table;
	struct user_row *row;
	struct json *list;
	size_t n;

	if (!session_open(cli, SESSION_EXISTING, err) || !db_user_list(cli->db, &cli->arena, &row, &n, err))
		return false;
	list = json_new_array();
	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < n; i++) {
		json_append(list, user_json(cli, &row[i]));
		text_table_add(&table, row[i].name);
		text_table_addf(&table, "%s%s", user_role_text(row[i].role),
				row[i].stores.len ? ", limited" : "");
		text_table_add(&table, str_from(state_of(&row[i], clock_wall_ms(cli->clock))));
		text_table_add(&table, row[i].totp_sealed.len ? STR("yes") : STR("no"));
		text_table_add(&table, text_time(row[i].seen_ms, &cli->arena));
	}
	if (cli_flag(cli, "json")) {
		cli_print_json(cli, list);
		return true;
	}
	json_free(list);
	text_table_print(&table, 0, cli->out);
	if (n == 0)
		(void)fprintf(cli->out,
			      "No users yet: pannier user add NAME --role owner --password-file FILE\n");
	return true;
}

/* ---- tokens and sessions ---- */

bool cmd_token_add(struct cli *cli, struct err *err)
{
	struct token_new new = { .name = str_from(cli->arg[1]), .actor = ACTOR };
	const char **name;
	struct user_row user;
	struct grant_row grant;
	struct str secret, *scope;

	if (!cli_option_int(cli, "days", 0, TOKEN_DAYS_MAX, &new.days, err) ||
	    !session_open(cli, SESSION_EXISTING, err) || !find_user(cli, cli->arg[0], &user, err))
		return false;
	name = cli_option_all(cli, "scope", &new.n_scope);
	scope = ARENA_ARRAY(&cli->arena, new.n_scope + 1, struct str);
	for (size_t i = 0; i < new.n_scope; i++)
		scope[i] = str_from(name[i]);
	new.scope = scope;
	if (!token_add(&cli->look, rand_system(), &user, &new, &grant, &secret, err))
		return false;
	(void)fprintf(cli->out, "%.*s\n", STR_ARG(secret));
	(void)fprintf(cli->errors, "Shown this once. Use it as: Authorization: Bearer TOKEN\n");
	return true;
}

static struct str name_of(const struct user_row *user, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (user[i].id == id)
			return user[i].name;
	return STR("");
}

static bool list_grants(struct cli *cli, enum grant_kind kind, const char *const *header, size_t n_header,
			struct err *err)
{
	struct text_table table;
	struct user_row *user;
	struct grant_row *row;
	size_t n_user, n;

	if (!session_open(cli, SESSION_EXISTING, err) ||
	    !db_user_list(cli->db, &cli->arena, &user, &n_user, err) ||
	    !db_grant_list(cli->db, 0, &cli->arena, &row, &n, err))
		return false;
	text_table_init(&table, &cli->arena, header, n_header);
	for (size_t i = 0; i < n; i++) {
		if (row[i].kind != kind)
			continue;
		text_table_addf(&table, "%lld", (long long)row[i].id);
		text_table_add(&table, name_of(user, n_user, row[i].user_id));
		text_table_add(&table, row[i].name);
		text_table_add(&table, kind == GRANT_TOKEN ? row[i].scopes : row[i].remote);
		text_table_add(&table,
			       row[i].expires_ms ? text_time(row[i].expires_ms, &cli->arena) : STR("never"));
		text_table_add(&table, text_time(row[i].seen_ms, &cli->arena));
	}
	text_table_print(&table, 0, cli->out);
	return true;
}

bool cmd_token_list(struct cli *cli, struct err *err)
{
	static const char *const header[] = { "ID",	"USER",		 "TOKEN",
					      "SCOPES", "EXPIRES (UTC)", "LAST USE (UTC)" };

	return list_grants(cli, GRANT_TOKEN, header, ARRAY_LEN(header), err);
}

bool cmd_session_list(struct cli *cli, struct err *err)
{
	static const char *const header[] = { "ID",	 "USER",	  "BROWSER",
					      "ADDRESS", "EXPIRES (UTC)", "LAST USE (UTC)" };

	return list_grants(cli, GRANT_SESSION, header, ARRAY_LEN(header), err);
}

static bool remove_grant(struct cli *cli, enum grant_kind kind, struct err *err)
{
	struct grant_row grant;
	int64_t id;

	if (!str_to_int64(str_from(cli->arg[0]), &id))
		return err_set(err, ERR_INVALID, "'%s' is not an id as the list shows them", cli->arg[0]);
	if (!session_open(cli, SESSION_EXISTING, err) || !grant_get(&cli->look, kind, id, &grant, err) ||
	    !grant_remove(&cli->look, &grant, ACTOR, err))
		return false;
	(void)fprintf(cli->out, "Ended.\n");
	return true;
}

bool cmd_token_remove(struct cli *cli, struct err *err)
{
	return remove_grant(cli, GRANT_TOKEN, err);
}

bool cmd_session_remove(struct cli *cli, struct err *err)
{
	return remove_grant(cli, GRANT_SESSION, err);
}
