/*
 * Commands at work on a real store with the stages beside it: what they print, what they change, which
 * JSON they give, and that no secret is ever printed.
 */
#include "base/file.h"
#include "cli/commands.h"
#include "model/id_text.h"
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 24
#define KEY	  "pk_canary_key_1234"
#define SECRET	  "canary-secret-5678"
#define MUG \
	"{'id':'mug-1','sku':'MUG','title':'Mug','url':'https://shop.example/" \
	"mug','price':'12.50','currency':'EUR'}"
#define PRICELESS "{'id':'plate-1','title':'Plate','url':'https://shop.example/plate'}"

struct world {
	struct rig *rig;
	char key_file[128];
	char secret_file[128];
	char body_file[128];
	int code;
	char *out;
	char *errors;
	size_t out_len, errors_len;
};

static void write_file(char *path, size_t size, const struct rig *rig, const char *name, const char *text)
{
	FILE *file;

	(void)snprintf(path, size, "%s/%s", rig->folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	static struct world world;

	memset(&world, 0, sizeof(world));
	world.rig = rig_new(&db_memory_ops);
	write_file(world.key_file, sizeof(world.key_file), world.rig, "key.txt", KEY "\n");
	write_file(world.secret_file, sizeof(world.secret_file), world.rig, "secret.txt", SECRET "\n");
	*state = &world;
	return 0;
}

static void forget(struct world *world)
{
	free(world->out);
	free(world->errors);
	world->out = world->errors = NULL;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	forget(world);
	rig_conserve(world->rig);
	rig_free(world->rig);
	return 0;
}

/* format: words between single spaces. Nothing that is printed may hold a secret. */
static int run(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3);
static int run(struct world *world, const char *format, ...)
{
	struct cli_env env = { .clock = &world->rig->clock.clock, .db = world->rig->db };
	char line[1000], *argv[WORDS_MAX] = { NULL };
	int argc = 0;
	va_list args;

	forget(world);
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	argv[argc++] = (char[]){ "pannier" };
	for (char *word = strtok(line, " "); word && argc < WORDS_MAX - 3; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc++] = (char[]){ "--data" };
	argv[argc++] = world->rig->folder;
	env.out = open_memstream(&world->out, &world->out_len);
	env.errors = open_memstream(&world->errors, &world->errors_len);
	world->code = cli_run(&env, argc, argv);
	assert_int_equal(fclose(env.out), 0);
	assert_int_equal(fclose(env.errors), 0);
	print_message("$ pannier %s -> %d\n%s%s", format, world->code, world->out, world->errors);
	assert_null(strstr(world->out, "canary"));
	assert_null(strstr(world->errors, "canary"));
	return world->code;
}

static bool printed(const struct world *world, const char *text)
{
	return strstr(world->out, text) != NULL;
}

/* What was printed, as JSON. Caller frees. */
static struct json *printed_json(struct world *world)
{
	struct json *json;

	assert_true(json_parse(str_from(world->out), &json, &world->rig->err));
	return json;
}

static void connect_shop(struct world *world)
{
	assert_int_equal(run(world, "account add acc --key-file %s --set quota_percent=50", world->key_file),
			 0);
	assert_int_equal(run(world,
			     "store add enad1 --platform enad --account acc --secret-file %s --set market=us",
			     world->secret_file),
			 0);
}

static void an_account_lives(void **state)
{
	struct world *world = *state;
	struct json *json;

	assert_int_equal(run(world, "account add acc --key-file %s --set quota_percent=50", world->key_file),
			 0);
	assert_true(printed(world, "Account acc added, key ...1234."));
	assert_int_equal(run(world, "account add acc --key-file %s", world->key_file), CLI_DENIED);
	assert_int_equal(run(world, "account list"), 0);
	assert_true(printed(world, "...1234"));
	assert_true(printed(world, "50 %"));
	assert_int_equal(run(world, "account set acc quota_percent= api_url=http://127.0.0.1:1/"), 0);
	assert_int_equal(run(world, "account list --json"), 0);
	json = printed_json(world);
	assert_int_equal(json_len(json), 2);
	assert_true(str_eq(json_get_text(json_at(json, 0), "name"), STR("acc")));
	assert_true(
		str_eq(json_get_text(json_get(json_at(json, 0), "settings"), "quota_percent"), STR("90")));
	assert_true(str_eq(json_get_text(json_get(json_at(json, 0), "settings"), "api_url"),
			   STR("http://127.0.0.1:1")));
	json_free(json);
	assert_int_equal(run(world, "account set acc quota_percent=500"), CLI_USAGE);
	assert_int_equal(run(world, "account set acd quota_percent=50"), CLI_NOT_FOUND);
	assert_non_null(strstr(world->errors, "did you mean 'acc'?"));
	assert_int_equal(run(world, "account remove main"), CLI_DENIED);
	assert_non_null(strstr(world->errors, "used by store 'shop'"));
	assert_int_equal(run(world, "account remove acc"), 0);
	assert_int_equal(run(world, "account remove acc"), CLI_NOT_FOUND);
}

static void a_store_lives(void **state)
{
	struct world *world = *state;
	struct json *json;

	connect_shop(world);
	assert_true(printed(world, "Webhook URL: http://127.0.0.1:8080/hooks/enad/enad1\n"));
	assert_true(printed(world, "Header key    Authorization"));
	assert_true(printed(world, "--url-base"));
	assert_false(printed(world, "{url}"));
	assert_int_equal(run(world, "store set enad1 secret_header=X-Shop-Key category_name=path"), 0);
	assert_int_equal(run(world, "store show enad1 --url-base https://hooks.example/"), 0);
	assert_true(printed(world, "https://hooks.example/hooks/enad/enad1"));
	assert_true(printed(world, "Header key    X-Shop-Key"));
	assert_true(printed(world, "...5678"));
	assert_int_equal(run(world, "store show enad1 --json"), 0);
	json = printed_json(world);
	assert_true(str_eq(json_get_text(json, "header"), STR("X-Shop-Key")));
	assert_true(str_eq(json_get_text(json_get(json, "settings"), "category_name"), STR("path")));
	assert_true(str_eq(json_get_text(json_get(json, "settings"), "market"), STR("us")));
	json_free(json);
	assert_int_equal(run(world, "store set enad1 --secret-file %s --keep-old-secret", world->secret_file),
			 0);
	assert_int_equal(run(world, "store show enad1"), 0);
	assert_true(printed(world, "and the one before it"));
	assert_int_equal(run(world, "store set enad1 --forget-old-secret"), 0);
	assert_int_equal(run(world, "store set enad1 --keep-old-secret market=de"), CLI_USAGE);
	assert_int_equal(run(world, "store set enad1 --account main"), 0);
	assert_int_equal(run(world, "store list --json"), 0);
	json = printed_json(world);
	assert_int_equal(json_len(json), 2);
	assert_true(str_eq(json_get_text(json_at(json, 0), "account"), STR("main")));
	json_free(json);
	assert_int_equal(run(world, "store remove enad1"), 0);
	assert_int_equal(run(world, "store show enad1"), CLI_NOT_FOUND);
}

/* How the line of a setting goes on, by its FROM; in what was printed last. */
static bool line_has(const struct world *world, const char *setting, const char *text)
{
	const char *at = strstr(world->out, setting), *end = at ? strchr(at, '\n') : NULL;
	const char *found = at ? strstr(at, text) : NULL;

	return found && end && found < end;
}

static void the_installation_has_defaults(void **state)
{
	struct world *world = *state;
	struct json *json;

	connect_shop(world);
	assert_int_equal(run(world, "store set enad1 quiet_ms=7"), 0);
	assert_int_equal(run(world, "defaults set quiet_ms=500 timeout_ms=5000"), 0);
	assert_true(printed(world, "Defaults changed"));
	assert_int_equal(run(world, "defaults set quiet_ms=500"), 0);
	assert_true(printed(world, "Nothing was changed."));
	assert_int_equal(run(world, "defaults show"), 0);
	assert_true(line_has(world, "quiet_ms", " 500 "));
	assert_true(line_has(world, "quiet_ms", " installation "));
	assert_true(line_has(world, "quiet_max_ms", "default"));
	assert_false(printed(world, "market"));
	assert_int_equal(run(world, "store show shop"), 0);
	assert_true(line_has(world, "quiet_ms", "installation"));
	assert_int_equal(run(world, "store show enad1 --json"), 0);
	json = printed_json(world);
	assert_true(str_eq(json_get_text(json_get(json, "settings_from"), "quiet_ms"), STR("own")));
	assert_true(str_eq(json_get_text(json_get(json, "settings_from"), "unpublished"), STR("default")));
	json_free(json);
	assert_int_equal(run(world, "account list --json"), 0);
	json = printed_json(world);
	assert_true(str_eq(json_get_text(json_get(json_at(json, 0), "settings_from"), "timeout_ms"),
			   STR("installation")));
	json_free(json);
	assert_int_equal(run(world, "settings history --defaults"), 0);
	assert_true(printed(world, "defaults changed, by command line"));
	assert_false(printed(world, "store"));
	assert_int_equal(run(world, "settings history --defaults --account acc"), CLI_USAGE);
	assert_int_equal(run(world, "defaults set quiet_ms="), 0);
	assert_int_equal(run(world, "defaults show --json"), 0);
	json = printed_json(world);
	for (size_t i = 0; i < json_len(json); i++) {
		const struct json *one = json_at(json, i);
		int64_t n = 0;

		if (!str_eq(json_get_text(one, "key"), STR("quiet_ms")))
			continue;
		assert_true(str_eq(json_get_text(one, "from"), STR("default")));
		assert_true(json_get_int(one, "overridden", &n));
		assert_int_equal(n, 1);
	}
	json_free(json);
}

static void defaults_that_cannot_be_are_refused(void **state)
{
	struct world *world = *state;

	assert_int_equal(run(world, "defaults set quiet_m=5"), CLI_USAGE);
	assert_non_null(strstr(world->errors, "did you mean 'quiet_ms'?"));
	assert_int_equal(run(world, "defaults set market=us"), CLI_USAGE);
	assert_non_null(strstr(world->errors, "there is no default of it for all"));
	assert_int_equal(run(world, "defaults set quiet_ms"), CLI_USAGE);
	assert_int_equal(run(world, "defaults sets quiet_ms=5"), CLI_USAGE);
	assert_non_null(strstr(world->errors, "did you mean 'defaults set'?"));
}

static void store_add_says_what_to_configure(void **state)
{
	struct world *world = *state;
	struct json *json;

	assert_int_equal(
		run(world,
		    "store add gen2 --platform generic --account main --secret-file %s --json --url-base "
		    "https://hooks.example",
		    world->secret_file),
		0);
	json = printed_json(world);
	assert_true(str_eq(json_get_text(json, "name"), STR("gen2")));
	assert_true(str_eq(json_get_text(json, "platform"), STR("generic")));
	assert_true(str_eq(json_get_text(json, "account"), STR("main")));
	assert_true(
		str_eq(json_get_text(json, "webhook_url"), STR("https://hooks.example/hooks/generic/gen2")));
	assert_true(str_eq(json_get_text(json, "header"), STR("")));
	assert_true(json_get_text(json, "configure").len > 50);
	json_free(json);
	assert_int_equal(
		run(world,
		    "store add gen3 --platform generic --account main --secret-file %s --url-base nowhere",
		    world->secret_file),
		CLI_USAGE);
	assert_int_equal(run(world, "store show gen3"), CLI_NOT_FOUND); /* nothing was added */
	assert_int_equal(run(world, "store add gen4 --platform generic --account nobody --secret-file %s",
			     world->secret_file),
			 CLI_NOT_FOUND);
}

/* The setting of a store, as `store show --json` prints it; lives until the next command. */
static bool store_has(struct world *world, const char *store, const char *setting, const char *start)
{
	struct json *json;
	bool has;

	assert_int_equal(run(world, "store show %s --json", store), 0);
	json = printed_json(world);
	has = str_starts(json_get_text(json_get(json, "settings"), setting), str_from(start));
	json_free(json);
	return has;
}

static void a_store_has_a_script_and_its_key(void **state)
{
	struct world *world = *state;

	connect_shop(world);
	assert_true(printed(world,
			    "<script src=\"http://127.0.0.1:8080/s/enad1.js\" data-pannier defer></script>"));
	assert_true(store_has(world, "enad1", "storefront_key", "pub_"));
	/* A store without a key gets one when it needs it, and keeps one that it was given. */
	assert_int_equal(run(world, "store set enad1 storefront_key="), 0);
	assert_false(store_has(world, "enad1", "storefront_key", "pub_"));
	assert_int_equal(run(world, "store set enad1 storefront_mode=onsite"), 0);
	assert_false(store_has(world, "enad1", "storefront_key", "pub_"));
	assert_int_equal(run(world, "store set enad1 storefront_mode=server"), 0);
	assert_true(store_has(world, "enad1", "storefront_key", "pub_"));
	assert_int_equal(run(world, "store set enad1 storefront_mode=both storefront_key=mine"), 0);
	assert_true(store_has(world, "enad1", "storefront_key", "mine"));
	assert_int_equal(run(world, "store show enad1 --url-base https://p.example"), 0);
	assert_true(
		printed(world, "<script src=\"https://p.example/s/enad1.js\" data-pannier defer></script>"));
}

/* The daemon that runs says where it listens; one that has ended says nothing. */
static void a_store_is_reached_where_the_daemon_listens(void **state)
{
	struct world *world = *state;
	char path[256];
	struct err err;
	int fd;

	connect_shop(world);
	snprintf(path, sizeof(path), "%s/pannier.lock", world->rig->folder);
	assert_true(file_lock(path, &fd, &err));
	assert_int_equal(run(world, "store show enad1"), 0);
	assert_true(printed(world, "http://127.0.0.1:8080/hooks/enad/enad1"));
	assert_true(file_lock_note(fd, STR("https://127.0.0.1:7902"), &err));
	assert_int_equal(run(world, "store show enad1"), 0);
	assert_true(printed(world, "https://127.0.0.1:7902/hooks/enad/enad1"));
	assert_int_equal(run(world, "store show enad1 --url-base https://p.example"), 0);
	assert_true(printed(world, "https://p.example/hooks/enad/enad1"));
	assert_int_equal(close(fd), 0);
	assert_int_equal(run(world, "store show enad1"), 0);
	assert_true(printed(world, "http://127.0.0.1:8080/hooks/enad/enad1"));
}

/* What `store show` says of the shop's own order statuses, and what can be said of them. */
static void a_shop_names_its_order_statuses(void **state)
{
	struct world *world = *state;
	const struct json *status;
	struct json *json;

	rig_store(world->rig, "cart", "opencart", "main", NULL);
	assert_int_equal(run(world, "store show cart"), 0);
	assert_true(printed(world, "The shop has not told its own statuses yet."));
	assert_true(printed(world, "Complete           5   fulfilled  default"));
	rig_generic(world->rig, "cart", "shop.updated",
		    "{'language':'de','order_statuses':[{'id':'5','name':'Fertig'},"
		    "{'id':'21','name':{'en':'Packing','de':'Wird gepackt'}}]}");
	(void)rig_settle(world->rig, MS_PER_HOUR);
	assert_int_equal(run(world, "store show cart"), 0);
	assert_false(printed(world, "has not told"));
	assert_true(printed(world, "Fertig        5   fulfilled  default"));
	assert_true(printed(world, "Wird gepackt  21  placed     nobody: set order_states"));
	assert_int_equal(run(world, "store set cart order_states=21=packed"), CLI_USAGE);
	assert_non_null(strstr(world->errors, "nothing|placed|paid|fulfilled|cancelled|refunded"));
	assert_int_equal(run(world, "store set cart order_states=21=paid"), 0);
	assert_int_equal(run(world, "store show cart --json"), 0);
	json = printed_json(world);
	assert_true(json_get_bool(json, "order_statuses_told", false));
	status = json_at(json_get(json, "order_statuses"), 1);
	assert_true(str_eq(json_get_text(status, "means"), STR("paid")));
	assert_true(str_eq(json_get_text(status, "state"), STR("placed")));
	assert_false(json_get_bool(status, "known", true));
	assert_true(str_eq(json_get_text(json_get(status, "names"), "en"), STR("Packing")));
	json_free(json);
}

/* The audit ids of the newest row with this code. */
static struct audit_row newest(struct world *world, enum audit_code code)
{
	struct audit_filter filter = { .by_code = true, .code = code, .max_n = 1 };
	struct audit_row *row;
	size_t n;

	assert_true(db_audit_list(world->rig->db, &filter, &world->rig->arena, &row, &n, &world->rig->err));
	assert_int_equal(n, 1);
	return row[0];
}

static void a_story_is_told(void **state)
{
	struct world *world = *state;
	char message[ID_TEXT_BYTES], delivery[ID_TEXT_BYTES];
	struct json *json;

	rig_generic(world->rig, "shop", "product.upserted", MUG);
	(void)rig_settle(world->rig, 5000);
	id_text(ID_MESSAGE, newest(world, AUDIT_MESSAGE_MAPPED).message_id, message);
	id_text(ID_DELIVERY, newest(world, AUDIT_DELIVERY_ACCEPTED).delivery_id, delivery);
	for (int i = 0; i < 5; i++) {
		const char *const subjects[] = { "mug-1", "MUG", message, delivery, "mug-1" };
		static const char *const parts[] = {
			"message received: product.upserted",
			"sets product mug-1 base",
			"message understood",
			"compared with what Klaviyo was last told",
			"delivery created: create ",
			"delivery sent",
			"delivery accepted",
		};

		assert_int_equal(run(world, "trace %s", subjects[i]), 0);
		for (size_t j = 0; j < ARRAY_LEN(parts); j++)
			assert_true(printed(world, parts[j]));
		assert_true(printed(world, message));
		assert_true(printed(world, delivery));
		/* in time order */
		assert_true(strstr(world->out, "message received") < strstr(world->out, "delivery sent"));
	}
	assert_int_equal(run(world, "trace mug-1 --json --bodies"), 0);
	json = printed_json(world);
	assert_int_equal(json_len(json_get(json, "messages")), 1);
	assert_int_equal(json_len(json_get(json, "deliveries")), 2);
	assert_int_equal(json_len(json_get(json, "entities")), 1);
	assert_true(json_len(json_get(json, "timeline")) >= 6);
	assert_true(str_eq(
		json_get_text(json_get(json_get(json_at(json_get(json, "messages"), 0), "body"), "data"),
			      "title"),
		STR("Mug")));
	json_free(json);
	assert_int_equal(run(world, "trace mug-1 --store shop"), 0);
	assert_int_equal(run(world, "trace mug-2"), CLI_NOT_FOUND);
	assert_int_equal(run(world, "trace m1"), CLI_NOT_FOUND);
	assert_int_equal(run(world, "trace mug-1 --store shp"), CLI_NOT_FOUND);
}

static void what_is_held_back_is_shown(void **state)
{
	struct world *world = *state;
	struct json *json;

	rig_generic(world->rig, "shop", "product.upserted", PRICELESS);
	(void)rig_settle(world->rig, 5000);
	assert_int_equal(run(world, "status"), 0);
	assert_true(printed(world, "plate-1"));
	assert_true(printed(world, "price"));
	assert_int_equal(run(world, "status --json"), 0);
	json = printed_json(world);
	assert_int_equal(json_len(json_get(json, "held")), 1);
	assert_true(str_eq(json_get_text(json_at(json_get(json, "held"), 0), "id"), STR("plate-1")));
	assert_true(json_get_bool(json, "idle", false));
	json_free(json);
	assert_int_equal(run(world, "trace plate-1"), 0);
	assert_true(printed(world, "held back: "));
	assert_true(printed(world, "held back as incomplete"));
	rig_generic(world->rig, "shop", "price.changed",
		    "{'product_id':'plate-1','price':'1.00','currency':'EUR'}");
	(void)rig_settle(world->rig, 5000);
	assert_int_equal(run(world, "trace plate-1"), 0);
	assert_false(printed(world, ": held back: "));
	assert_true(printed(world, "complete now"));
}

static void hostile_texts_do_not_reach_the_terminal(void **state)
{
	struct world *world = *state;

	rig_generic(world->rig, "shop", "product.upserted",
		    "{'id':'x\\u001b[2J','sku':'S\\u202e','title':'T','url':'https://shop.example/x'}");
	(void)rig_settle(world->rig, 5000);
	assert_int_equal(run(world, "status"), 0);
	assert_null(strchr(world->out, 0x1b));
	assert_true(printed(world, "x\\x1b[2J"));
	assert_int_equal(run(world, "audit"), 0);
	assert_null(strchr(world->out, 0x1b));
	assert_int_equal(run(world, "trace x\x1b[2J --bodies"), 0);
	assert_null(strchr(world->out, 0x1b));
	assert_null(strstr(world->out, "\xe2\x80\xae"));
}

static void failed_ones_are_listed_retried_and_given_up(void **state)
{
	struct world *world = *state;
	static const char refusal[] =
		"{\"errors\":[{\"id\":\"1\",\"status\":400,\"code\":\"invalid\",\"title\":\"Invalid "
		"input.\",\"detail\":\"no such thing\",\"source\":{\"pointer\":\"/data/attributes\"}}]}";
	char id[ID_TEXT_BYTES];
	struct json *json;

	fake_klaviyo_script(world->rig->klaviyo, "POST", "/api/catalog-items", 2,
			    (struct fake_reply){ .status = 400, .body = str_from(refusal) });
	assert_int_equal(run(world, "failed list"), 0);
	assert_true(printed(world, "Nothing failed."));
	rig_generic(world->rig, "shop", "product.upserted", MUG);
	rig_run(world->rig, 5000);
	assert_int_equal(run(world, "failed list"), 0);
	assert_true(printed(world, "no such thing"));
	assert_int_equal(run(world, "failed list --json --store shop"), 0);
	json = printed_json(world);
	assert_true(json_len(json) >= 1);
	assert_true(str_eq(json_get_text(json_at(json, 0), "kind"), STR("delivery")));
	(void)snprintf(id, sizeof(id), "%.*s", STR_ARG(json_get_text(json_at(json, 0), "id")));
	json_free(json);
	assert_int_equal(run(world, "status"), 0);
	assert_true(printed(world, "pannier failed list"));
	assert_int_equal(run(world, "failed retry %s", id), 0);
	assert_true(printed(world, "1 to be tried again."));
	assert_int_equal(run(world, "failed retry %s", id), CLI_NOT_FOUND);
	rig_run(world->rig, 5000); /* refused once more */
	assert_int_equal(run(world, "failed discard --all --reason obsolete"), 0);
	assert_int_equal(run(world, "failed list"), 0);
	assert_true(printed(world, "Nothing failed."));
	assert_int_equal(run(world, "audit --code person_discarded"), 0);
	assert_true(printed(world, "obsolete"));
}

static void the_audit_is_filtered(void **state)
{
	struct world *world = *state;
	char message[ID_TEXT_BYTES], delivery[ID_TEXT_BYTES];
	struct json *json;

	rig_generic(world->rig, "shop", "product.upserted", MUG);
	rig_generic(world->rig, "shop", "category.upserted", "{'id':'cups','name':'Cups'}");
	(void)rig_settle(world->rig, 5000);
	id_text(ID_MESSAGE, newest(world, AUDIT_MESSAGE_MAPPED).message_id, message);
	id_text(ID_DELIVERY, newest(world, AUDIT_DELIVERY_ACCEPTED).delivery_id, delivery);
	{
		const struct {
			const char *options;
			const char *argument;
			bool mug, cups, settings;
		} rows[] = {
			{ "", "", true, true, true },
			{ "--product", "mug-1", true, false, false },
			{ "--category", "cups", false, true, false },
			{ "--message", message, false, true,
			  false }, /* the newest one mapped is the category's */
			{ "--code", "config_changed", false, false, true },
			{ "--store", "shop", true, true, true },
			{ "--product", "nothing", false, false, false },
			{ "--limit", "1", false, false, false },
		};

		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			assert_int_equal(run(world, "audit %s %s", rows[i].options, rows[i].argument), 0);
			if (strcmp(rows[i].options, "--limit") == 0)
				continue;
			assert_int_equal(printed(world, "mug-1"), rows[i].mug);
			assert_int_equal(printed(world, "category cups"), rows[i].cups);
			assert_int_equal(printed(world, "settings changed"), rows[i].settings);
		}
	}
	assert_int_equal(run(world, "audit --limit 3 --json"), 0);
	json = printed_json(world);
	assert_int_equal(json_len(json), 3);
	assert_true(str_cmp(json_get_text(json_at(json, 0), "at"), json_get_text(json_at(json, 2), "at")) <=
		    0);
	json_free(json);
	assert_int_equal(run(world, "audit --delivery %s --json", delivery), 0);
	json = printed_json(world);
	assert_int_equal(json_len(json), 3); /* created, sent, accepted */
	json_free(json);
	rig_advance(world->rig, 3600000);
	assert_int_equal(run(world, "audit --since 30m"), 0);
	assert_string_equal(world->out, "");
	assert_int_equal(run(world, "audit --account main --code delivery_accepted --json"), 0);
	json = printed_json(world);
	assert_true(json_len(json) >= 3);
	json_free(json);
}

static void a_preview_shows_requests_and_does_nothing(void **state)
{
	struct world *world = *state;
	struct json *json;
	size_t before = fake_http_count(world->rig->http);

	write_file(
		world->body_file, sizeof(world->body_file), world->rig, "body.json",
		"{\"id\":\"e1\",\"type\":\"product.upserted\",\"data\":{\"id\":\"cup-9\",\"title\":\"Cup\","
		"\"url\":\"https://shop.example/cup\",\"price\":\"2.00\",\"currency\":\"EUR\"}}");
	assert_int_equal(run(world, "preview shop %s", world->body_file), 0);
	assert_true(printed(world, "POST https://a.klaviyo.com/api/catalog-items\n"));
	assert_true(printed(world, "POST https://a.klaviyo.com/api/catalog-variants\n"));
	assert_int_equal(run(world, "preview shop %s --json", world->body_file), 0);
	json = printed_json(world);
	assert_int_equal(json_len(json), 1);
	assert_int_equal(json_len(json_get(json_at(json, 0), "requests")), 2);
	json_free(json);
	assert_int_equal(run(world, "preview nobody %s", world->body_file), CLI_NOT_FOUND);
	assert_int_equal(run(world, "preview shop %s", world->key_file), CLI_USAGE); /* not JSON */
	assert_int_equal(run(world, "trace cup-9"), CLI_NOT_FOUND);
	assert_int_equal(fake_http_count(world->rig->http), before);
}

static void waiting_ends_when_all_is_done(void **state)
{
	struct world *world = *state;

	assert_int_equal(run(world, "wait --idle"), 0);
	rig_generic(world->rig, "shop", "product.upserted", MUG);
	assert_int_equal(run(world, "wait --idle --timeout 0"), CLI_TIMEOUT);
	assert_non_null(strstr(world->errors, "still busy"));
	(void)rig_settle(world->rig, 5000);
	assert_int_equal(run(world, "wait --idle --timeout 0"), 0);
}

static void status_warns(void **state)
{
	struct world *world = *state;
	static const char *const warnings[] = {
		"store enad1: url_template is not set",
		"stores enad1 and enad2 use one account with the same id_prefix",
		"account acc: api_url is http, so the key is sent unencrypted",
	};

	connect_shop(world);
	assert_int_equal(run(world, "store add enad2 --platform enad --account acc --secret-file %s",
			     world->secret_file),
			 0);
	assert_int_equal(run(world, "account set acc api_url=http://klaviyo.example"), 0);
	assert_int_equal(run(world, "status"), 0);
	assert_true(printed(world, "daemon not running"));
	for (size_t i = 0; i < ARRAY_LEN(warnings); i++)
		assert_true(printed(world, warnings[i]));
	assert_int_equal(run(world, "store set enad1 url_template=https://shop.example/{slug} id_prefix=a-"),
			 0);
	assert_int_equal(run(world, "store set enad2 url_template=https://shop.example/{slug}"), 0);
	assert_int_equal(run(world, "account set acc api_url=http://127.0.0.1:8081"), 0);
	assert_int_equal(run(world, "status"), 0);
	assert_false(printed(world, "warning"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_installation_has_defaults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(defaults_that_cannot_be_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_account_lives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_lives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(store_add_says_what_to_configure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_has_a_script_and_its_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_is_reached_where_the_daemon_listens, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_shop_names_its_order_statuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_story_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_held_back_is_shown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostile_texts_do_not_reach_the_terminal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failed_ones_are_listed_retried_and_given_up, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_audit_is_filtered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_preview_shows_requests_and_does_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waiting_ends_when_all_is_done, set_up, tear_down),
		cmocka_unit_test_setup_teardown(status_warns, set_up, tear_down),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)unsetenv("PANNIER_URL");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
