/*
 * Feeds: who asks for them, when, and what they hear.
 *
 * Keeps:   what a feed has to hold is taken from the database when it is answered: between that and the
 *          answer nothing else happens. Who changes an account knows for sure only after the process had time
 *          to notice.
 */
#include "sim/reader.h"

#include "base/alloc.h"
#include "base/file.h"
#include "flow/feed.h"
#include "sim/disk.h"
#include "sim/feed_rows.h"
#include "sim/node.h"
#include "sim/shop.h"
#include "sim/sim.h"
#include "sim/wire.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define FORMS	      2
#define ACCOUNTS_MAX  4
#define FEED_BYTES    ((size_t)1 << 20)
#define PIECE_BYTES   2000
#define PIECE_MS      3000
#define ETAG_BYTES    80
#define NOTICED_MS    (3 * MS_PER_MIN)
#define AGAIN_MS      700
#define CHANGES_MAX   3
#define GZIP_WINDOW   (15 + 16)
#define STRANGERS     60  /* of 1000 */
#define WITH_ETAG     500 /* of 1000 */
#define BEGIN_BY_FEED 700 /* of 1000 */

/* One question and what comes of it; until the end of its run one event or exchange has it. */
struct reader {
	struct reader *next;
	int shop;
	enum feed_form form;
	bool gzip;
	bool stranger; /* who has no right address */
	bool last;     /* nothing fails any more */
	struct http_header header[2];
	char sent_etag[ETAG_BYTES];
	char etag[ETAG_BYTES];
	int fd; /* -1 = there is nothing to be read */
	int64_t bytes;
	struct strbuf body;
	struct feed_rows *want;
};

/* What was read last of a feed, whole. */
struct kept {
	char etag[ETAG_BYTES];
	struct feed_rows *rows; /* NULL: nothing yet */
};

struct account {
	bool is_read;
	bool wants; /* what its merchant asked for last */
	bool asks;  /* and has not been heard of yet */
	int64_t changed_ms;
};

static char folder[200];
static struct reader *first;
static struct kept kept[SHOPS_MAX][FORMS][2];
static struct account account[ACCOUNTS_MAX];

static int64_t draw(int64_t low, int64_t high)
{
	return sim_draw(OPTION_feeds, low, high);
}

bool readers_are_wanted(void)
{
	return sim_option(OPTION_feeds) > 0;
}

void readers_open(const char *data)
{
	(void)snprintf(folder, sizeof(folder), "%s", data);
	first = NULL;
	memset(kept, 0, sizeof(kept));
	memset(account, 0, sizeof(account));
	for (int i = 0; readers_are_wanted() && i < sim_option(OPTION_accounts); i++)
		account[i].is_read = account[i].wants = sim_chance(OPTION_feeds, BEGIN_BY_FEED);
}

void readers_close(void)
{
	for (int i = 0; i < SHOPS_MAX; i++)
		for (int form = 0; form < FORMS; form++)
			for (int gzip = 0; gzip < 2; gzip++)
				feed_rows_free(kept[i][form][gzip].rows);
}

bool readers_have(int number)
{
	return account[number].is_read || account[number].asks;
}

const char *readers_first_source(int number)
{
	return account[number].is_read ? "feed" : "api";
}

/* ---- one question ---- */

static struct reader *reader_new(int number)
{
	struct reader *one = mem_zalloc(1, sizeof(*one));

	one->next = first;
	one->shop = number;
	one->fd = -1;
	strbuf_init(&one->body, FEED_BYTES);
	first = one;
	return one;
}

static void hang_up(struct reader *one)
{
	if (one->fd >= 0)
		(void)close(one->fd);
	one->fd = -1;
}

static void drop(struct reader *one)
{
	struct reader **at = &first;

	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	hang_up(one);
	strbuf_release(&one->body);
	feed_rows_free(one->want);
	mem_free(one);
}

void readers_died(void)
{
	for (struct reader *one = first; one; one = one->next)
		hang_up(one);
}

static void compare(struct reader *one, struct feed_rows *got)
{
	struct feed_rows *all = feed_rows_new();

	feed_rows_compare("a feed and the catalog", got, one->want);
	if (one->last) {
		feed_rows_of_shop(all, one->shop);
		feed_rows_compare("a feed and the shop", got, all);
	}
	feed_rows_free(all);
}

/* ---- reading ---- */

static bool unpack(struct strbuf *from, struct strbuf *to)
{
	z_stream gzip = { .next_in = (Bytef *)from->p, .avail_in = (uInt)from->len };
	char piece[4096];
	int said = inflateInit2(&gzip, GZIP_WINDOW);

	while (said == Z_OK) {
		gzip.next_out = (Bytef *)piece;
		gzip.avail_out = sizeof(piece);
		said = inflate(&gzip, Z_NO_FLUSH);
		strbuf_add(to, piece, sizeof(piece) - gzip.avail_out);
	}
	(void)inflateEnd(&gzip);
	return said == Z_STREAM_END && gzip.avail_in == 0;
}

static bool understand(struct str text, enum feed_form form, struct feed_rows *rows)
{
	return form == FEED_JSON ? feed_rows_read_json(rows, text) : feed_rows_read_xml(rows, text);
}

static bool understand_body(struct reader *one, struct feed_rows *rows)
{
	struct strbuf plain;
	struct str text;
	bool ok;

	strbuf_init(&plain, FEED_BYTES);
	ok = !one->gzip || unpack(&one->body, &plain);
	text = strbuf_str(one->gzip ? &plain : &one->body);
	ok = ok && understand(text, one->form, rows);
	strbuf_release(&plain);
	return ok;
}

static void check_whole(struct reader *one)
{
	struct kept *last = &kept[one->shop][one->form][one->gzip];
	struct feed_rows *rows = feed_rows_new();

	if (!understand_body(one, rows))
		sim_fail("feed", "what is read of shop%d as %s is no whole feed", one->shop,
			 feed_form_name(one->form));
	else
		compare(one, rows);
	sim_trace("reader: shop%d has %zu products", one->shop, rows->n);
	feed_rows_free(last->rows);
	last->rows = rows;
	memcpy(last->etag, one->etag, sizeof(last->etag));
}

/* False: the connection ends here, and whoever reads knows it. */
static bool read_piece(struct reader *one)
{
	int64_t left = one->bytes - (int64_t)one->body.len;
	char piece[PIECE_BYTES];
	ssize_t n = read(one->fd, piece, (size_t)draw(1, left < PIECE_BYTES ? left : PIECE_BYTES));

	if (n > 0)
		strbuf_add(&one->body, piece, (size_t)n);
	return n > 0;
}

static void go_on(void *arg)
{
	struct reader *one = arg;

	if (sim.closing || one->fd < 0 || !read_piece(one)) {
		if (one->last && !sim.closing)
			sim_fail("feed", "the last reading of shop%d breaks off", one->shop);
		drop(one);
		return;
	}
	if ((int64_t)one->body.len < one->bytes) {
		sim_at(sim.now_ms + draw(1, PIECE_MS), go_on, one);
		return;
	}
	check_whole(one);
	drop(one);
}

/* ---- what is heard ---- */

static bool may_be(int number, bool is_read)
{
	const struct account *one = &account[node_account_of_shop(number)];

	return one->asks || one->is_read == is_read || sim.now_ms < one->changed_ms + NOTICED_MS;
}

static bool is_allowed(const struct reader *one, int status)
{
	if (one->stranger || status == 404)
		return one->stranger && status == 404;
	if (status == 409)
		return may_be(one->shop, false) && !one->last;
	if (status == 503)
		return !one->last;
	return may_be(one->shop, true) && (status == 200 || (status == 304 && one->sent_etag[0] != '\0'));
}

static struct str header_of(const struct door_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->n_header; i++)
		if (str_eq_nocase(answer->header[i].name, str_from(name)))
			return answer->header[i].value;
	return STR("");
}

static void look_at_catalog(struct reader *one, const struct door_answer *answer)
{
	(void)snprintf(one->etag, sizeof(one->etag), "%.*s", STR_ARG(header_of(answer, "ETag")));
	one->want = feed_rows_new();
	feed_rows_of_catalog(one->want, node_db(), one->shop);
}

/* It is as it was. */
static void check_unchanged(struct reader *one)
{
	struct kept *last = &kept[one->shop][one->form][one->gzip];

	/* Somebody else may have read since. */
	if (strcmp(one->etag, one->sent_etag) != 0)
		sim_fail("feed", "%s is said to be unchanged, and is not %s", one->etag, one->sent_etag);
	if (last->rows && strcmp(last->etag, one->etag) == 0)
		compare(one, last->rows);
}

static void answered(void *arg, const struct door_answer *answer)
{
	struct reader *one = arg;

	one->fd = answer->fd;
	one->bytes = answer->bytes;
	if (disk_is_dead() || sim.closing) {
		drop(one);
		return;
	}
	sim_trace("reader: shop%d %s: %d", one->shop, feed_form_name(one->form), answer->status);
	if (!is_allowed(one, answer->status))
		sim_fail("feed", "who asks for the feed of shop%d hears %d", one->shop, answer->status);
	if (answer->status == 200 || answer->status == 304)
		look_at_catalog(one, answer);
	if (answer->status == 304)
		check_unchanged(one);
	if (one->fd < 0) {
		drop(one);
		return;
	}
	sim_at(sim.now_ms + draw(1, PIECE_MS), go_on, one);
}

/* ---- asking ---- */

static struct str token_of(const struct reader *one, const struct settings *settings,
			   const struct settings_store *store, struct arena *arena)
{
	char *token = arena_cstr(arena, feed_token(settings, store, arena));

	if (one->stranger)
		token[0] = token[0] == '0' ? '1' : '0';
	return str_from(token);
}

static size_t put_headers(struct reader *one)
{
	const struct kept *last = &kept[one->shop][one->form][one->gzip];
	size_t n = 0;

	if (one->gzip)
		one->header[n++] = (struct http_header){ STR("Accept-Encoding"), STR("gzip") };
	if (last->rows && !one->last && sim_chance(OPTION_feeds, WITH_ETAG)) {
		memcpy(one->sent_etag, last->etag, sizeof(one->sent_etag));
		one->header[n++] = (struct http_header){ STR("If-None-Match"), str_from(one->sent_etag) };
	}
	return n;
}

static void ask(struct reader *one)
{
	struct settings *settings = node_ctx()->settings;
	const struct snapshot *snapshot = settings_take(settings);
	const struct settings_store *store = snapshot_store(snapshot, node_store_id(one->shop));
	struct http_exchange *exchange = door_open(answered, one);
	struct str name = arena_dup(&exchange->arena, store->name);
	struct str token = token_of(one, settings, store, &exchange->arena);

	settings_release(settings, snapshot);
	exchange->header = one->header;
	exchange->n_header = put_headers(one);
	node_ask_feed(exchange, name, token, str_from(feed_form_name(one->form)));
}

static void ask_now(void *arg)
{
	struct reader *one;

	(void)arg;
	if (sim.healed || !node_is_up())
		return;
	one = reader_new((int)draw(0, sim_option(OPTION_shops) - 1));
	one->form = (enum feed_form)draw(0, FORMS - 1);
	one->gzip = draw(0, 1);
	one->stranger = sim_chance(OPTION_feeds, STRANGERS);
	sim.n_hit[OPTION_feeds]++;
	ask(one);
}

/* ---- changing ---- */

static bool change_source(int number, struct err *err)
{
	struct setting_change change = { STR("catalog_source"),
					 account[number].wants ? STR("feed") : STR("api") };
	char name[16];
	struct settings *settings;
	bool ok;

	(void)snprintf(name, sizeof(name), "account%d", number);
	if (!settings_open(node_db(), node_key_file(), &settings, err))
		return false;
	ok = settings_account_set(settings, str_from(name), STR(""), &change, 1, clock_wall_ms(&sim.clock),
				  err);
	settings_close(settings);
	return ok;
}

static void change_now(void *arg)
{
	struct account *one = arg;
	int number = (int)(one - account);
	struct err err = { 0 };
	bool ok;

	if (sim.closing)
		return;
	if (!node_db() || !(ok = change_source(number, &err))) {
		/* The handle is the process's, too: exit code 70. */
		if (err.code == ERR_FATAL)
			disk_die();
		node_look_after();
		sim_at(sim.now_ms + AGAIN_MS, change_now, one);
		return;
	}
	sim_trace("account%d is %s now", number, one->wants ? "read" : "sent");
	one->is_read = one->wants;
	one->asks = false;
	one->changed_ms = sim.busy_at_ms = sim.now_ms;
}

static void want(struct account *one, bool is_read)
{
	one->wants = is_read;
	one->asks = true;
	change_now(one);
}

static void change_mind(void *arg)
{
	struct account *one = &account[draw(0, sim_option(OPTION_accounts) - 1)];

	(void)arg;
	if (!sim.healed && !one->asks)
		want(one, !one->is_read);
}

void readers_begin(int64_t until_ms)
{
	if (!readers_are_wanted())
		return;
	for (int64_t i = 0; i < sim_option(OPTION_feeds); i++)
		sim_at(draw(1000, until_ms), ask_now, NULL);
	for (int64_t i = draw(0, CHANGES_MAX); i > 0; i--)
		sim_at(draw(1000, until_ms), change_mind, NULL);
}

/* ---- the end ---- */

bool readers_are_done(void)
{
	for (int i = 0; i < ACCOUNTS_MAX; i++)
		if (account[i].asks)
			return false;
	return !first;
}

static void read_all(int number)
{
	for (int form = 0; form < FORMS; form++)
		for (int gzip = 0; gzip < 2; gzip++) {
			struct reader *one = reader_new(number);

			one->form = (enum feed_form)form;
			one->gzip = gzip;
			one->last = true;
			ask(one);
		}
}

/* As whoever goes over to the feed would find it. */
static bool write_one(int number, enum feed_form form, const char *path, struct err *err)
{
	struct settings *settings = node_ctx()->settings;
	const struct snapshot *snapshot = settings_take(settings);
	struct digest16 digest;
	struct pack *pack;
	size_t n;
	bool ok = pack_open(path, &pack, err);

	if (ok && !feed_write(node_ctx(), snapshot_store(snapshot, node_store_id(number)), form,
			      FEED_BYTES_MAX, pack, &n, err)) {
		pack_drop(pack);
		ok = false;
	} else if (ok) {
		ok = pack_end(pack, &digest, err);
	}
	settings_release(settings, snapshot);
	return ok;
}

static void compare_with_klaviyo(int number, enum feed_form form)
{
	struct feed_rows *got = feed_rows_new(), *want = feed_rows_new();
	const char *path = arena_printf(&got->arena, "%s/feeds-at-the-end", folder).p;
	struct str text = STR("");
	struct err err;
	bool ok;

	ok = write_one(number, form, path, &err) && file_read(path, FEED_BYTES, &got->arena, &text, &err);
	if (!ok)
		sim_fail("feed", "the feed of shop%d cannot be written: %s", number, err.msg);
	else if (!understand(text, form, got))
		sim_fail("feed", "what is written of shop%d is no whole feed", number);
	feed_rows_of_klaviyo(want, number);
	if (ok)
		feed_rows_compare("a feed and Klaviyo", got, want);
	(void)unlink(path);
	(void)unlink(arena_printf(&got->arena, "%s.gz", path).p);
	feed_rows_free(got);
	feed_rows_free(want);
}

void readers_check(void)
{
	for (int i = 0; readers_are_wanted() && !sim_failed() && i < sim_option(OPTION_shops); i++) {
		if (readers_have(node_account_of_shop(i))) {
			read_all(i);
			continue;
		}
		compare_with_klaviyo(i, FEED_JSON);
		compare_with_klaviyo(i, FEED_XML);
	}
	while (first && !sim_failed() && sim_step())
		;
}

bool readers_return(void)
{
	bool any = false;

	for (int i = 0; i < ACCOUNTS_MAX; i++)
		if (account[i].is_read) {
			any = true;
			want(&account[i], false);
		}
	return any;
}
