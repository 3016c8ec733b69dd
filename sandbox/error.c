/*
 * Errors as Klaviyo answers them.
 *
 * Doesn't: decide what is wrong, or send anything.
 * Threads: pure but for the arena of the list.
 */
#include "sandbox/error.h"

#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>

static const struct error_row {
	int status;
	const char *code;
	const char *title;
} error_row[ERROR_KIND_COUNT] = {
#define ERROR_ROW(name, status, code, title) { status, code, title },
	ERROR_KINDS(ERROR_ROW)
#undef ERROR_ROW
};

int error_status(enum error_kind kind)
{
	return error_row[kind].status;
}

const char *error_code(enum error_kind kind)
{
	return error_row[kind].code;
}

const char *error_title(enum error_kind kind)
{
	return error_row[kind].title;
}

bool error_refuse(struct error_entry *entry, enum error_kind kind, struct str pointer, struct str detail)
{
	*entry = (struct error_entry){ .kind = kind, .detail = detail, .pointer = pointer };
	return false;
}

static struct error_entry *next_entry(struct error_list *list)
{
	if (list->n == ERROR_ENTRIES_MAX)
		return NULL;
	if (!list->entry)
		list->entry = ARENA_ARRAY(list->arena, ERROR_ENTRIES_MAX, struct error_entry);
	return &list->entry[list->n++];
}

static struct str format_detail(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);
static struct str format_detail(struct arena *arena, const char *format, va_list args)
{
	struct strbuf text;
	struct str detail;

	strbuf_init(&text, 4096);
	strbuf_vaddf(&text, format, args);
	detail = arena_dup(arena, text.overflow ? STR("Invalid input.") : strbuf_str(&text));
	strbuf_release(&text);
	return detail;
}

void error_add(struct error_list *list, enum error_kind kind, struct str pointer, const char *format, ...)
{
	struct error_entry *entry = next_entry(list);
	va_list args;

	if (!entry)
		return;
	va_start(args, format);
	entry->kind = kind;
	entry->detail = format_detail(list->arena, format, args);
	entry->pointer = arena_dup(list->arena, pointer);
	va_end(args);
}

void error_add_parameter(struct error_list *list, struct str parameter, const char *format, ...)
{
	struct error_entry *entry = next_entry(list);
	va_list args;

	if (!entry)
		return;
	va_start(args, format);
	entry->kind = ERROR_INVALID;
	entry->detail = format_detail(list->arena, format, args);
	entry->parameter = arena_dup(list->arena, parameter);
	va_end(args);
}

void error_set_duplicate(struct error_list *list, const char *profile_id)
{
	if (list->n > 0)
		list->entry[list->n - 1].duplicate_profile_id = arena_dup(list->arena, str_from(profile_id));
}

void error_id(struct rand *rand, char out[static ERROR_ID_BYTES])
{
	uint64_t a = rand_u64(rand);
	uint64_t b = rand_u64(rand);

	(void)snprintf(out, ERROR_ID_BYTES,
		       "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-a%03" PRIx64 "-%012" PRIx64, a >> 32,
		       (a >> 16) & 0xffff, a & 0xfff, b >> 52, b & UINT64_C(0xffffffffffff));
}

void error_render_entry(const struct error_entry *entry, bool with_status, struct rand *rand,
			struct strbuf *out)
{
	char id[ERROR_ID_BYTES];

	error_id(rand, id);
	strbuf_addf(out, "{\"id\":\"%s\"", id);
	if (with_status)
		strbuf_addf(out, ",\"status\":%d", error_status(entry->kind));
	strbuf_addf(out, ",\"code\":\"%s\",\"title\":\"%s\",\"detail\":", error_code(entry->kind),
		    error_title(entry->kind));
	json_write_text(entry->detail, out);
	strbuf_add_text(out, ",\"source\":{");
	if (entry->parameter.len > 0) {
		strbuf_add_text(out, "\"parameter\":");
		json_write_text(entry->parameter, out);
	} else if (entry->pointer.len > 0) {
		strbuf_add_text(out, "\"pointer\":");
		json_write_text(entry->pointer, out);
	}
	strbuf_add_char(out, '}');
	if (with_status)
		strbuf_add_text(out, ",\"links\":{},\"meta\":{");
	if (with_status && entry->duplicate_profile_id.len > 0)
		strbuf_addf(out, "\"duplicate_profile_id\":\"%.*s\"", STR_ARG(entry->duplicate_profile_id));
	strbuf_add_text(out, with_status ? "}}" : "}");
}

void error_render(const struct error_list *list, struct rand *rand, struct strbuf *out)
{
	strbuf_add_text(out, "{\"errors\":[");
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		error_render_entry(&list->entry[i], true, rand, out);
	}
	strbuf_add_text(out, "]}");
}
