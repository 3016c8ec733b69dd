/*
 * Session: the database and the settings a command works with, opened in its own process.
 *
 * Keeps: a command that only looks creates nothing; works beside a running daemon.
 */
#include "admin/text.h"
#include "app/serve.h"
#include "base/file.h"
#include "cli/command.h"
#include "model/person.h"
#include "net/url.h"
#include "settings/nearest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define NOTE_BYTES_MAX 512

static bool folder_ready(struct cli *cli, enum session_mode mode, const char *key_file, struct err *err)
{
	if (mode == SESSION_CREATE)
		return file_make_dir(cli->data, err);
	if (access(key_file, F_OK) != 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND,
			       "there is nothing in '%s' yet; begin with 'pannier account add', or say where "
			       "the data is "
			       "with --data DIR or PANNIER_DATA",
			       cli->data);
	return true;
}

static void take_snapshot(struct cli *cli)
{
	cli->snapshot = settings_take(cli->settings);
	cli->look = (struct look){
		.db = cli->db,
		.settings = cli->settings,
		.snapshot = cli->snapshot,
		.clock = cli->clock,
		.arena = &cli->arena,
	};
}

bool session_open(struct cli *cli, enum session_mode mode, struct err *err)
{
	struct db_config config = { .owner_epoch = 1, .now_ms = clock_wall_ms(cli->clock) };
	const char *key_file;

	if (!cli->data)
		cli->data = cli_option(cli, "data");
	key_file = arena_printf(&cli->arena, "%s/%s", cli->data, PANNIER_KEY_FILE).p;
	config.location = cli->data;
	if (!folder_ready(cli, mode, key_file, err))
		return false;
	cli->db = cli->env->db;
	if (!cli->db && !db_open(&db_sqlite_ops, &config, &cli->db, err))
		return err_wrap(err, "open the database in '%s'", cli->data);
	if (!settings_open_repair(cli->db, key_file, &cli->settings, err))
		return false;
	take_snapshot(cli);
	return true;
}

void session_close(struct cli *cli)
{
	if (cli->snapshot)
		settings_release(cli->settings, cli->snapshot);
	settings_close(cli->settings);
	if (!cli->env->db)
		db_close(cli->db);
	cli->snapshot = NULL;
	cli->settings = NULL;
	cli->db = NULL;
}

bool session_refresh(struct cli *cli, struct err *err)
{
	if (!settings_refresh(cli->settings, NULL, err))
		return false;
	settings_release(cli->settings, cli->snapshot);
	take_snapshot(cli);
	return true;
}

static bool not_found(const char *what, const char *name, const char *const *known, size_t n, struct err *err)
{
	const char *near = nearest_text(str_from(name), known, n);

	return err_set(err, ERR_NOT_FOUND, "no %s '%s'%s%s%s", what, name, near ? "; did you mean '" : "",
		       near ? near : "", near ? "'?" : "");
}

bool session_store(struct cli *cli, const char *name, const struct settings_store **out, struct err *err)
{
	const struct snapshot *snapshot = cli->snapshot;
	const char **known;

	*out = snapshot_find_store(snapshot, str_from(name));
	if (*out)
		return true;
	known = ARENA_ARRAY(&cli->arena, snapshot->n_store, const char *);
	for (size_t i = 0; i < snapshot->n_store; i++)
		known[i] = arena_cstr(&cli->arena, snapshot->store[i].name);
	return not_found("store", name, known, snapshot->n_store, err);
}

bool session_account(struct cli *cli, const char *name, const struct settings_account **out, struct err *err)
{
	const struct snapshot *snapshot = cli->snapshot;
	const char **known;

	*out = snapshot_find_account(snapshot, str_from(name));
	if (*out)
		return true;
	known = ARENA_ARRAY(&cli->arena, snapshot->n_account, const char *);
	for (size_t i = 0; i < snapshot->n_account; i++)
		known[i] = arena_cstr(&cli->arena, snapshot->account[i].name);
	return not_found("account", name, known, snapshot->n_account, err);
}

bool session_store_option(struct cli *cli, int64_t *id, struct err *err)
{
	const char *name = cli_option(cli, "store");
	const struct settings_store *store;

	*id = 0;
	if (!name)
		return true;
	if (!session_store(cli, name, &store, err))
		return false;
	*id = store->id;
	return true;
}

struct str session_store_name(struct cli *cli, int64_t id)
{
	return look_store_name(&cli->look, id);
}

struct str session_account_name(struct cli *cli, int64_t id)
{
	return look_account_name(&cli->look, id);
}

bool session_person(struct cli *cli, struct str *email, struct err *err)
{
	struct str text = str_from(cli->arg[0]);

	if (person_email(text, &cli->arena, email))
		return true;
	return err_set(err, ERR_INVALID, "'%.*s' is no e-mail address",
		       STR_ARG(text_safe(text, &cli->arena)));
}

/*
 * Asks for a shared lock, which a starting daemon would have to meet in the same microsecond to be disturbed
 * by.
 */
bool session_daemon_runs(struct cli *cli)
{
	const char *path = arena_printf(&cli->arena, "%s/%s", cli->data, PANNIER_LOCK_FILE).p;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool runs;

	if (fd < 0)
		return false;
	runs = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	(void)close(fd);
	return runs;
}

/* Where the daemon that runs said it listens; "" = none does. */
static struct str url_of_daemon(struct cli *cli)
{
	const char *path = arena_printf(&cli->arena, "%s/%s", cli->data, PANNIER_LOCK_FILE).p;
	struct str text;
	struct err err;

	if (!session_daemon_runs(cli) || !file_read(path, NOTE_BYTES_MAX, &cli->arena, &text, &err))
		return STR("");
	return text;
}

bool session_url_base(struct cli *cli, struct str *out, struct err *err)
{
	struct str said = cli_option_given(cli, "url-base") ? STR("") : url_of_daemon(cli);
	struct url url;

	*out = said.len > 0 ? said : str_from(cli_option(cli, "url-base"));
	while (str_ends(*out, STR("/")))
		out->len--;
	return url_parse(*out, &url, err) || err_wrap(err, "--url-base");
}
