/*
 * Golden files of the adapters: every fixture under tests/fixtures/PLATFORM through identify and map,
 * compared byte for byte with NAME.facts.json beside it. PANNIER_GOLDEN=write writes them anew; read the
 * difference before you commit it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/test_platform_support.h"

#define GOLDEN_BYTES_MAX ((size_t)8 << 20)

static struct json *refs_json(const struct fact *fact)
{
	struct json *refs = json_new_array();

	for (size_t i = 0; i < fact->n_ref; i++) {
		struct json *ref = json_new_array();

		json_append(ref, json_new_text(str_from(entity_kind_text(fact->ref[i].kind))));
		json_append(ref, json_new_text(fact->ref[i].id));
		json_append(refs, ref);
	}
	return refs;
}

static void write_fact(const struct fact *fact, struct strbuf *out)
{
	static const char *const ops[] = {
		[FACT_SET] = "set", [FACT_CLEAR] = "clear", [FACT_DELETE] = "delete"
	};
	struct json *json = json_new_object(), *body = NULL;

	json_set_text(json, "op", str_from(ops[fact->op]));
	json_set_text(json, "kind", str_from(entity_kind_text(fact->entity.kind)));
	json_set_text(json, "id", fact->entity.id);
	json_set_text(json, "part", fact->part);
	json_set_text(json, "root_id", fact->root_id);
	if (fact->version)
		json_set(json, "version", json_new_int(fact->version));
	if (fact->n_ref)
		json_set(json, "refs", refs_json(fact));
	if (fact->body.len) {
		assert_true(json_parse(fact->body, &body, NULL));
		json_set(json, "body", body);
	}
	strbuf_add_text(out, "   ");
	json_write(json, true, out);
	json_free(json);
}

static void write_message(const struct platform_message *message, const struct map_result *result,
			  struct strbuf *out)
{
	static const char *const states[] = {
		[MAP_DONE] = "done",
		[MAP_IGNORED] = "ignored",
		[MAP_FAILED] = "failed",
	};

	strbuf_add_text(out, " {\"topic\":");
	json_write_text(message->topic, out);
	strbuf_add_text(out, ",\"source_id\":");
	json_write_text(message->source_id, out);
	strbuf_addf(out, ",\"state\":\"%s\",\"reason\":", states[result->state]);
	json_write_text(result->reason, out);
	strbuf_add_text(out, ",\n  \"facts\":[");
	for (size_t i = 0; i < result->n_fact; i++) {
		strbuf_add_text(out, i ? ",\n" : "\n");
		write_fact(&result->fact[i], out);
	}
	strbuf_add_text(out, "]}");
}

static void write_result(const struct platform_ops *platform, const struct support_fixture *fixture,
			 struct arena *arena, struct strbuf *out)
{
	struct platform_request request =
		support_request(fixture->content_type, fixture->body, &fixture->headers);
	struct support_pairs settings = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &settings);
	struct platform_message *message = NULL;
	struct err err = { 0 };
	size_t n = 0;

	if (!platform->identify(&store, &request, 100, arena, &message, &n, &err)) {
		strbuf_addf(out, "{\"refused\":\"%s\",\"message\":", err_code_name(err.code));
		json_write_text(str_from(err.msg), out);
		strbuf_add_text(out, "}\n");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct map_result result;

		platform->map(&store, message[i].topic, message[i].body, SUPPORT_NOW_MS, arena, &result);
		if (support_result_problem(&result, arena))
			fail_msg("%s: %s", fixture->name.p, support_result_problem(&result, arena));
		strbuf_add_text(out, i ? ",\n" : "[\n");
		write_message(&message[i], &result, out);
	}
	strbuf_add_text(out, "\n]\n");
}

/* The first lines that differ; then the file is printed whole, because a person will want it. */
static void print_difference(const char *path, struct str got, struct str want)
{
	struct str got_line, want_line;

	for (size_t line = 1; got.len || want.len; line++) {
		bool has_got = str_split(&got, '\n', &got_line),
		     has_want = str_split(&want, '\n', &want_line);

		if (has_got && has_want && str_eq(got_line, want_line))
			continue;
		print_message("%s:%zu\n", path, line);
		if (has_want)
			print_message("- %.*s\n", STR_ARG(want_line));
		if (has_got)
			print_message("+ %.*s\n", STR_ARG(got_line));
	}
}

static bool golden_is(const char *path, struct str got, struct arena *arena)
{
	struct str want = STR("");
	FILE *file;

	if (getenv("PANNIER_GOLDEN") && strcmp(getenv("PANNIER_GOLDEN"), "write") == 0) {
		file = fopen(path, "wb");
		assert_non_null(file);
		assert_int_equal(fwrite(got.p, 1, got.len, file), got.len);
		assert_int_equal(fclose(file), 0);
		return true;
	}
	if (!file_read(path, GOLDEN_BYTES_MAX, arena, &want, NULL))
		print_message("%s is missing\n", path);
	if (str_eq(got, want))
		return true;
	print_difference(path, got, want);
	return false;
}

static const char *golden_path(struct arena *arena, const char *platform, struct str name)
{
	struct str stem = str_ends(name, STR(".json")) ? str_of(name.p, name.len - 5) : name;

	return support_path(
		arena, arena_printf(arena, "tests/fixtures/%s/%.*s.facts.json", platform, STR_ARG(stem)).p);
}

static void test_fixtures_give_their_golden_facts(void **state)
{
	static struct support_fixture fixture[SUPPORT_FIXTURES_MAX];
	size_t wrong = 0;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (const struct platform_ops *const *platform = platform_all(); *platform; platform++) {
		const char *name = (*platform)->name;
		size_t n = support_fixtures(&arena, name, fixture);

		assert_true(n >= 10);
		for (size_t i = 0; i < n; i++) {
			struct strbuf got;

			strbuf_init(&got, GOLDEN_BYTES_MAX);
			write_result(*platform, &fixture[i], &arena, &got);
			assert_false(got.overflow);
			wrong += !golden_is(golden_path(&arena, name, fixture[i].name), strbuf_str(&got),
					    &arena);
			strbuf_release(&got);
		}
	}
	arena_release(&arena);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixtures_give_their_golden_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
