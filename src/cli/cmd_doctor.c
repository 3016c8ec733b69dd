/*
 * doctor: looks at everything that has to be right, in the order in which it would break, and says what to
 * do.
 *
 * Doesn't: change anything. The POST that tests write access has no attributes, so that Klaviyo must
 *          refuse it (400).
 */
#include "app/serve.h"
#include "base/file.h"
#include "admin/advice.h"
#include "admin/certificate.h"
#include "admin/key_check.h"
#include "cli/commands.h"
#include "admin/text.h"
#include "klaviyo/endpoint.h"
#include "net/http_date.h"
#include "net/url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB		   INT64_C(1048576)
#define DISK_FAIL_BYTES	   (100 * MIB)
#define DISK_WARN_BYTES	   (1024 * MIB)
#define CLOCK_WARN_S	   30
#define CLOCK_FAIL_S	   240			  /* signatures of Standard Webhooks are refused at 300 */
#define CLOCK_EARLIEST	   "2026-07-15T00:00:00Z" /* this program is not older */
#define REVISION_WARN_DAYS 365

enum level { LEVEL_OK, LEVEL_WARN, LEVEL_FAIL };

struct doctor {
	struct cli *cli;
	struct json *list; /* NULL = print text */
	bool failed;
	bool clock_compared;
};

static void tell(struct doctor *doctor, enum level level, const char *what, struct str text,
		 struct str remedy)
{
	static const char *const words[] = {
		[LEVEL_OK] = "ok", [LEVEL_WARN] = "warn", [LEVEL_FAIL] = "fail"
	};
	static const enum paint paints[] = {
		[LEVEL_OK] = PAINT_GOOD, [LEVEL_WARN] = PAINT_WARN, [LEVEL_FAIL] = PAINT_BAD
	};
	struct cli *cli = doctor->cli;
	struct json *json;

	doctor->failed = doctor->failed || level == LEVEL_FAIL;
	if (!doctor->list) {
		(void)fprintf(cli->out, "%s%*s %-10s %.*s\n", cli_paint(cli, paints[level], words[level]),
			      (int)(4 - strlen(words[level])), "", what,
			      STR_ARG(text_safe(text, &cli->arena)));
		if (remedy.len)
			(void)fprintf(cli->out, "                -> %.*s\n",
				      STR_ARG(text_safe(remedy, &cli->arena)));
		(void)fflush(cli->out);
		return;
	}
	json = json_new_object();
	json_put(json, "level", str_from(words[level]));
	json_put(json, "check", str_from(what));
	json_put(json, "text", text);
	json_put(json, "remedy", remedy);
	json_append(doctor->list, json);
}

/* ---- this machine ---- */

static void check_clock(struct doctor *doctor)
{
	int64_t earliest_ms = 0, now_ms = clock_wall_ms(doctor->cli->clock);

	(void)time_parse_rfc3339(STR(CLOCK_EARLIEST), &earliest_ms);
	if (now_ms < earliest_ms)
		tell(doctor, LEVEL_FAIL, "clock",
		     arena_printf(&doctor->cli->arena, "it is not %.*s UTC",
				  STR_ARG(text_time(now_ms, &doctor->cli->arena))),
		     STR("set the clock; run an NTP client"));
}

/* Compared once, with the first answer that has a Date. */
static void compare_clock(struct doctor *doctor, struct str date)
{
	struct cli *cli = doctor->cli;
	int64_t there_ms, away_s;

	if (doctor->clock_compared || !http_date_parse(date, &there_ms))
		return;
	doctor->clock_compared = true;
	away_s = (clock_wall_ms(cli->clock) - there_ms) / MS_PER_S;
	away_s = away_s < 0 ? -away_s : away_s;
	tell(doctor,
	     away_s > CLOCK_FAIL_S   ? LEVEL_FAIL
	     : away_s > CLOCK_WARN_S ? LEVEL_WARN
				     : LEVEL_OK,
	     "clock", arena_printf(&cli->arena, "%lld s away from the server's", (long long)away_s),
	     away_s > CLOCK_WARN_S ? STR("run an NTP client; signed webhooks are refused when clocks differ")
				   : STR(""));
}

static void check_folder(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	const char *data = cli_option(cli, "data");
	int64_t free_bytes, total_bytes;
	struct err err;

	if (access(data, R_OK | W_OK | X_OK) != 0) {
		tell(doctor, LEVEL_FAIL, "folder",
		     arena_printf(&cli->arena, "'%s' is not there or not writable", data),
		     STR("run as the user who owns it, or name another with --data"));
		return;
	}
	if (!file_disk_space(data, &free_bytes, &total_bytes, &err)) {
		tell(doctor, LEVEL_FAIL, "disk", str_from(err.msg), STR(""));
		return;
	}
	tell(doctor,
	     free_bytes < DISK_FAIL_BYTES   ? LEVEL_FAIL
	     : free_bytes < DISK_WARN_BYTES ? LEVEL_WARN
					    : LEVEL_OK,
	     "disk",
	     arena_printf(&cli->arena, "%.*s free where '%s' is",
			  STR_ARG(text_bytes(free_bytes, &cli->arena)), data),
	     free_bytes < DISK_WARN_BYTES
		     ? STR("make room: when the disk is full, shops are told to come back later")
		     : STR(""));
}

static void check_database(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	struct conservation books;
	struct err err;

	if (!db_conserve(cli->db, &cli->arena, &books, &err))
		tell(doctor, LEVEL_FAIL, "database", str_from(err.msg),
		     STR("restore the data folder from a backup"));
	else if (books.error.len)
		tell(doctor, LEVEL_FAIL, "database", books.error,
		     STR("please report this; nothing was changed"));
	else
		tell(doctor, LEVEL_OK, "database", STR("opens, and all that came in is accounted for"),
		     STR(""));
	if (session_daemon_runs(cli))
		tell(doctor, LEVEL_OK, "daemon", STR("running"), STR(""));
	else
		tell(doctor, LEVEL_WARN, "daemon", STR("not running: nothing is taken in or sent"),
		     STR("start it: pannier serve"));
}

/* ---- Klaviyo ---- */

/* A name server that answers with nowhere: what filters do. */
static bool is_nowhere(const struct addrinfo *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) !=
	    0)
		return false;
	return strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0 || strncmp(text, "127.", 4) == 0 ||
	       strcmp(text, "::1") == 0;
}

static bool is_local_name(struct str host)
{
	return str_eq(host, STR("localhost")) || str_starts(host, STR("127.")) ||
	       str_find_char(host, ':') < host.len || str_starts(host, STR("["));
}

static bool check_name(struct doctor *doctor, const struct settings_account *account)
{
	struct cli *cli = doctor->cli;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	struct url url;
	struct err err;
	bool good;
	int code;

	if (!url_parse(setting_text(account->value, SETTING_KEY_api_url), &url, &err)) {
		tell(doctor, LEVEL_FAIL, "dns", str_from(err.msg), STR("set the account's api_url again"));
		return false;
	}
	if (is_local_name(url.host))
		return true;
	code = getaddrinfo(arena_cstr(&cli->arena, url.host), NULL, &hints, &found);
	good = code == 0 && !is_nowhere(found);
	if (code != 0)
		tell(doctor, LEVEL_FAIL, "dns",
		     arena_printf(&cli->arena, "%.*s: %s", STR_ARG(url.host), gai_strerror(code)),
		     STR("check /etc/resolv.conf; filters against trackers often block Klaviyo's names"));
	else
		tell(doctor, good ? LEVEL_OK : LEVEL_FAIL, "dns",
		     arena_printf(&cli->arena, "%.*s %s", STR_ARG(url.host),
				  good ? "has an address" : "leads nowhere"),
		     good ? STR("") : STR("a filter of your name server blocks it: make an exception"));
	if (found)
		freeaddrinfo(found);
	return good;
}

/* True if later probes make sense. */
static bool run_probe(struct doctor *doctor, struct http_client *client,
		      const struct settings_account *account, const struct key_probe *probe)
{
	struct cli *cli = doctor->cli;
	struct ask_trouble trouble;
	struct ask_answer answer;
	struct err err;

	if (!ask_klaviyo(&cli->look, client, account, probe->method, probe->path, str_from(probe->body),
			 &answer, &err)) {
		tell(doctor, LEVEL_FAIL, probe->what, str_from(err.msg), STR(""));
		return false;
	}
	compare_clock(doctor, answer.date);
	if (answer.reached && answer.status == probe->want) {
		tell(doctor, LEVEL_OK, probe->what,
		     arena_printf(&cli->arena, "%s (%lld ms)", probe->good, (long long)answer.latency_ms),
		     STR(""));
		return true;
	}
	trouble = ask_explain(&cli->look, account, &answer, probe->scope);
	tell(doctor, LEVEL_FAIL, probe->what, trouble.problem, trouble.remedy);
	return answer.reached && answer.status != 401;
}

static void check_account(struct doctor *doctor, struct http_client *client,
			  const struct settings_account *account)
{
	struct cli *cli = doctor->cli;

	if (!doctor->list)
		(void)fprintf(cli->out, "\nAccount %.*s (%.*s)\n", STR_ARG(account->name),
			      STR_ARG(setting_text(account->value, SETTING_KEY_api_url)));
	if (account->broken) {
		tell(doctor, LEVEL_FAIL, "key", STR("cannot be opened with this key file"),
		     arena_printf(&cli->arena, "pannier account set %.*s --key-file FILE",
				  STR_ARG(account->name)));
		return;
	}
	if (!check_name(doctor, account))
		return;
	for (size_t i = 0; i < n_key_probes; i++)
		if (!run_probe(doctor, client, account, &key_probes[i]))
			return;
}

static void check_revision(struct doctor *doctor)
{
	int64_t days = advice_revision_days(clock_wall_ms(doctor->cli->clock));

	tell(doctor,
	     days < 0			 ? LEVEL_FAIL
	     : days < REVISION_WARN_DAYS ? LEVEL_WARN
					 : LEVEL_OK,
	     "revision",
	     arena_printf(&doctor->cli->arena,
			  KLAVIYO_REVISION ", expected to be retired on " KLAVIYO_REVISION_RETIRES
					   " (%lld days)",
			  (long long)days),
	     days < REVISION_WARN_DAYS ? STR("install a newer Pannier before") : STR(""));
}

/* ---- stores ---- */

static bool has_messages(const struct summary *summary, int64_t store_id)
{
	for (size_t i = 0; i < summary->n_store; i++)
		if (summary->store[i].store_id == store_id)
			return summary->store[i].received > 0;
	return false;
}

static void check_stores(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	struct advice_list advice;
	struct summary summary;
	struct err err;

	if (!db_summary(cli->db, clock_wall_ms(cli->clock), &cli->arena, &summary, &err) ||
	    !advice_collect(&cli->look, &summary, &advice, &err)) {
		tell(doctor, LEVEL_FAIL, "database", str_from(err.msg), STR(""));
		return;
	}
	if (!doctor->list)
		(void)fprintf(cli->out, "\nStores\n");
	if (cli->snapshot->n_store == 0)
		tell(doctor, LEVEL_WARN, "stores", STR("there are none"),
		     STR("connect a shop: pannier store add"));
	for (size_t i = 0; i < cli->snapshot->n_store; i++) {
		const struct settings_store *store = &cli->snapshot->store[i];
		bool messages = has_messages(&summary, store->id);

		tell(doctor, messages ? LEVEL_OK : LEVEL_WARN, "store",
		     arena_printf(&cli->arena, "%.*s %s", STR_ARG(store->name),
				  messages ? "has sent messages" : "has sent no message yet"),
		     messages ? STR("")
			      : arena_printf(&cli->arena,
					     "what to configure in the shop: pannier store show %.*s",
					     STR_ARG(store->name)));
	}
	for (const struct advice *one = advice.first; one; one = one->next)
		if (!str_eq(str_from(one->code), STR("certificate"))) /* it was looked at */
			tell(doctor, LEVEL_WARN, "advice", one->text, STR(""));
}

static void check_certificate(struct doctor *doctor)
{
	static const enum level levels[] = { [CERTIFICATE_GOOD] = LEVEL_OK,
					     [CERTIFICATE_ENDS_SOON] = LEVEL_WARN,
					     [CERTIFICATE_ENDS] = LEVEL_FAIL };
	struct certificate state;
	struct err err;

	if (!certificate_state(&doctor->cli->look, &state, &err))
		tell(doctor, LEVEL_FAIL, "database", str_from(err.msg), STR(""));
	else if (state.level != CERTIFICATE_NONE)
		tell(doctor, levels[state.level], "tls", certificate_text(&state, &doctor->cli->arena),
		     certificate_remedy(&state));
}

static bool look_at_all(struct doctor *doctor, struct err *err)
{
	struct http_client_config config = { .user_agent = "pannier/" PANNIER_VERSION };
	struct cli *cli = doctor->cli;
	struct http_client *client = NULL;

	check_database(doctor);
	check_certificate(doctor);
	check_revision(doctor);
	if (!http_client_new(&config, &client, err))
		return false;
	if (cli->snapshot->n_account == 0)
		tell(doctor, LEVEL_WARN, "accounts", STR("there are none"),
		     STR("connect one: pannier account add"));
	for (size_t i = 0; i < cli->snapshot->n_account; i++)
		check_account(doctor, client, &cli->snapshot->account[i]);
	http_client_free(client);
	check_stores(doctor);
	return true;
}

bool cmd_doctor(struct cli *cli, struct err *err)
{
	struct doctor doctor = { .cli = cli };
	struct err why;
	bool ok = true;

	if (cli_flag(cli, "json"))
		doctor.list = json_new_array();
	check_clock(&doctor);
	check_folder(&doctor);
	if (session_open(cli, SESSION_EXISTING, &why))
		ok = look_at_all(&doctor, err);
	else
		tell(&doctor, LEVEL_FAIL, "database", str_from(why.msg), STR(""));
	if (ok && doctor.list)
		cli_print_json(cli, doctor.list);
	else
		json_free(doctor.list);
	cli->exit = doctor.failed ? CLI_FAILED : CLI_OK;
	return ok;
}
