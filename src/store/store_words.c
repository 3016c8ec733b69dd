/*
 * Words to search by.
 *
 * Keeps:   the same text gives the same words, whatever the locale of the process: letters are those of
 *          C.UTF-8; where a system has none, ASCII alone is folded.
 */
#define _GNU_SOURCE /* newlocale, towlower_l */
#include "store/store_words.h"

#include "base/json.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

#define MEMBERS_MAX 64

static locale_t letters;
static pthread_once_t letters_once = PTHREAD_ONCE_INIT;

static void open_letters(void)
{
	letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static uint32_t lower(uint32_t code)
{
	if (code < 0x80)
		return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
	return letters ? (uint32_t)towlower_l((wint_t)code, letters) : code;
}

static uint32_t decode(const char *p, size_t len)
{
	static const unsigned char head[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = (unsigned char)p[0] & head[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)p[i] & 0x3f);
	return code;
}

struct str store_fold(struct str text, struct arena *arena)
{
	/* A letter of two bytes may become one of three. */
	char *out = arena_alloc(arena, 2 * text.len + 4);
	size_t n = 0, len;

	(void)pthread_once(&letters_once, open_letters);
	for (size_t i = 0; i < text.len; i += len) {
		len = utf8_char_len(text.p + i, text.len - i);
		if (len == 0)
			break;
		n += utf8_encode(lower(decode(text.p + i, len)), out + n);
	}
	return str_of(out, n);
}

static void add(struct strbuf *words, struct str value, struct arena *arena)
{
	struct str text;

	if (value.len > 0 && json_unquote(value, arena, &text) && text.len > 0)
		strbuf_addf(words, "%s%.*s", words->len > 0 ? "\n" : "", STR_ARG(text));
}

/* {"en": {"title": "Mug"}, "de": ...} */
static void add_languages(struct strbuf *words, struct str text, struct arena *arena)
{
	struct json_member member[MEMBERS_MAX];
	struct json_position position;
	struct str title;
	size_t n = 0;

	if (!str_starts(text, STR("{")) || !json_scan(text, member, MEMBERS_MAX, &n, &position, NULL))
		return;
	for (size_t i = 0; i < n && i < MEMBERS_MAX; i++)
		if (json_scan_pointer(member[i].value, STR("/title"), arena, &title))
			add(words, title, arena);
}

bool store_part_has_words(enum entity_kind kind, struct str part)
{
	return (kind == ENTITY_PRODUCT || kind == ENTITY_VARIANT || kind == ENTITY_CATEGORY) &&
	       str_eq(part, STR("base"));
}

struct str store_fact_words(const struct fact *fact, struct arena *arena)
{
	struct json_member member[MEMBERS_MAX];
	struct json_position position;
	struct strbuf words;
	struct str out;
	size_t n = 0;

	if (!json_scan(fact->body, member, MEMBERS_MAX, &n, &position, NULL))
		return STR("");
	strbuf_init(&words, (size_t)1 << 20);
	for (size_t i = 0; i < n && i < MEMBERS_MAX; i++) {
		if (str_eq(member[i].name, STR("sku")) || str_eq(member[i].name, STR("title")))
			add(&words, member[i].value, arena);
		else if (str_eq(member[i].name, STR("text")))
			add_languages(&words, member[i].value, arena);
	}
	out = store_fold(utf8_cut(strbuf_str(&words), STORE_WORDS_BYTES), arena);
	strbuf_release(&words);
	return out;
}
