/*
 * Golden cases of the catalog: facts -> resources -> deliveries -> requests, byte for byte.
 *
 * Each folder beside this file is a case (catalog_case.h). PANNIER_GOLDEN=write writes expect.json anew
 * before comparing; look at the difference before you commit it.
 */
#include "golden/catalog_case.h"

#include "golden/catalog_case_names.h"

#define EXPECT_BYTES_MAX 8000000
#define API_URL		 STR("https://a.klaviyo.com")

static void put_line(struct strbuf *out, const char *name, struct str text)
{
	strbuf_addf(out, "\"%s\":", name);
	json_write_text(text, out);
	strbuf_add_text(out, ",\n");
}

static void put_raw(struct strbuf *out, size_t i, struct str text)
{
	strbuf_add_text(out, i > 0 ? ",\n" : "\n");
	strbuf_add_str(out, text);
}

static void put_resources(const struct catalog_case *one, struct strbuf *out)
{
	strbuf_add_text(out, "\"mended\":[");
	for (size_t i = 0; i < one->n_resource; i++) {
		strbuf_add_text(out, i > 0 ? "," : "");
		json_write_text(one->mended[i], out);
	}
	strbuf_add_text(out, "],\n\"resources\":[");
	for (size_t i = 0; i < one->n_resource; i++)
		put_raw(out, i, one->resource[i].body);
	strbuf_add_text(out, "],\n");
}

static struct delivery as_delivery(const struct delivery_new *from)
{
	return (struct delivery){
		.kind = from->kind,
		.op = from->op,
		.external_id = from->external_id,
		.parent_external_id = from->parent_external_id,
		.body = from->body,
		.hash = from->hash,
	};
}

static void put_request(struct catalog_case *one, const struct delivery *delivery, size_t n, bool bulk,
			size_t position, struct strbuf *out)
{
	struct klaviyo_request request;
	struct err err = { 0 };
	struct str text;

	if (!klaviyo_render_request(API_URL, delivery, n, delivery->op, bulk, 0, NULL, &one->run, &request,
				    &err))
		fail_msg("%s", err.msg);
	text = arena_printf(&one->run, "{\"method\":\"%s\",\"url\":\"%.*s\",\"body\":%.*s}", request.method,
			    STR_ARG(request.url), STR_ARG(request.body.len > 0 ? request.body : STR("null")));
	put_raw(out, position, text);
}

/* One request for each delivery, then one for each run of the same kind and op. */
static void put_requests(struct catalog_case *one, struct strbuf *out)
{
	struct delivery *delivery = ARENA_ARRAY(&one->run, one->n_delivery, struct delivery);
	size_t n_bulk = 0, first = 0;

	strbuf_add_text(out, "\"single\":[");
	for (size_t i = 0; i < one->n_delivery; i++) {
		delivery[i] = as_delivery(&one->delivery[i]);
		put_request(one, &delivery[i], 1, false, i, out);
	}
	strbuf_add_text(out, "],\n\"bulk\":[");
	for (size_t i = 1; i <= one->n_delivery; i++) {
		if (i < one->n_delivery && delivery[i].kind == delivery[first].kind &&
		    delivery[i].op == delivery[first].op)
			continue;
		put_request(one, &delivery[first], i - first, true, n_bulk++, out);
		first = i;
	}
	strbuf_add_text(out, "]}\n");
}

static void write_expect(struct catalog_case *one, struct strbuf *out)
{
	case_run(one);
	strbuf_addf(out, "{\"present\":%s,\n", one->view.present ? "true" : "false");
	put_line(out, "held", one->view.held);
	put_line(out, "note", one->view.note);
	put_resources(one, out);
	put_requests(one, out);
	assert_false(out->overflow);
}

static void save(const char *path, struct str text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text.p, 1, text.len, file), text.len);
	assert_int_equal(fclose(file), 0);
}

/* Where two texts part, with what surrounds it. */
static void fail_at_difference(const char *name, struct str got, struct str want)
{
	size_t at = 0, from;

	while (at < got.len && at < want.len && got.p[at] == want.p[at])
		at++;
	from = at > 60 ? at - 60 : 0;
	fail_msg("%s: byte %zu\n   got: %.160s\n  want: %.160s\nPANNIER_GOLDEN=write writes expect.json anew",
		 name, at, at < got.len ? got.p + from : "(end)", at < want.len ? want.p + from : "(end)");
}

static bool rewrite(void)
{
	const char *wish = getenv("PANNIER_GOLDEN");

	return wish && strcmp(wish, "write") == 0;
}

static void check_case(const char *name)
{
	struct catalog_case one;
	struct strbuf got;
	struct str want, path, dir = case_source_dir();
	struct err err = { 0 };

	case_open(&one, name);
	strbuf_init(&got, EXPECT_BYTES_MAX);
	write_expect(&one, &got);
	path = arena_printf(&one.arena, "%.*s/tests/golden/%s/expect.json", STR_ARG(dir), name);
	if (rewrite())
		save(path.p, strbuf_str(&got));
	if (!file_read(path.p, EXPECT_BYTES_MAX, &one.arena, &want, &err))
		fail_msg("%s", err.msg);
	if (!str_eq(strbuf_str(&got), want))
		fail_at_difference(name, strbuf_str(&got), want);
	strbuf_release(&got);
	case_close(&one);
}

static void every_case_gives_what_is_expected(void **state)
{
	struct arena arena;
	const char **name;
	size_t n;

	(void)state;
	arena_init(&arena);
	name = case_names(&arena, &n);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		print_message("  %s\n", name[i]);
		check_case(name[i]);
	}
	arena_release(&arena);
}

/* What is expected must itself be JSON, and what was told once is not told again. */
static void told_once_is_not_told_again(void **state)
{
	struct arena arena;
	const char **name;
	size_t n;

	(void)state;
	arena_init(&arena);
	name = case_names(&arena, &n);
	for (size_t i = 0; i < n; i++) {
		struct catalog_case one;
		struct root_sent *sent;

		case_open(&one, name[i]);
		case_run(&one);
		sent = ARENA_ARRAY(&one.arena, one.n_resource, struct root_sent);
		for (size_t k = 0; k < one.n_resource; k++)
			sent[k] = (struct root_sent){
				.kind = one.resource[k].kind,
				.external_id = arena_dup(&one.arena, one.resource[k].external_id),
				.parent_external_id =
					arena_dup(&one.arena, one.resource[k].parent_external_id),
				.exists = true,
				.wanted = digest16_of(&one.resource[k].body, 1),
			};
		one.root.sent = sent;
		one.root.n_sent = one.n_resource;
		case_run(&one);
		assert_int_equal(one.n_delivery, 0);
		case_close(&one);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_gives_what_is_expected),
		cmocka_unit_test(told_once_is_not_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
