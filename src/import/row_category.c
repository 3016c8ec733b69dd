/*
 * Categories that a product names instead of saying their ids: "Clothing > Tshirts, Music".
 *
 * Does:    a category's names from the top on are its id; each is told of as a category of its own.
 * Keeps:   one is told of again only when another took its place, or another reader began: the same message
 *          once more, which is a duplicate.
 * Pure.
 * Source:  WooCommerce's product exporter (levels with " > ", "\," is a comma); Adobe Commerce's reference of
 *          product data (levels with "/", below a root that no page shows).
 */
#include "import/row.h"

#include "base/json.h"

#include <string.h>

#define LEVELS_MAX   10
#define ID_BYTES_MAX 200
#define PROBES	     16 /* places of one category among those told of */

struct path {
	struct str level[LEVELS_MAX];
	size_t n;
};

struct telling {
	struct assembly *assembly;
	struct import_message *message;
	size_t *n;
	bool open; /* "categories" has been begun */
};

/* The text up to a sign that no backslash stands before; the rest behind it. */
static struct str take_until(struct str *rest, char sign, struct arena *arena)
{
	char *out = arena_alloc(arena, rest->len + 1);
	size_t n = 0, i = 0;

	for (; i < rest->len && rest->p[i] != sign; i++) {
		if (rest->p[i] == '\\' && i + 1 < rest->len)
			i++;
		out[n++] = rest->p[i];
	}
	*rest = str_skip(*rest, i + (i < rest->len));
	return str_trim(str_of(out, n));
}

static struct str id_of(const struct path *path, size_t n, struct arena *arena)
{
	struct str id = path->level[0];

	for (size_t i = 1; i < n; i++)
		id = arena_printf(arena, "%.*s > %.*s", STR_ARG(id), STR_ARG(path->level[i]));
	return id;
}

static bool was_told(struct assembly *assembly, struct str id)
{
	struct digest16 digest = digest16_of(&id, 1);
	size_t first = (size_t)(digest.byte[0] | digest.byte[1] << 8);
	struct digest16 *slot = NULL;

	for (size_t i = 0; i < PROBES; i++) {
		slot = &assembly->told[(first + i) % ROW_CATEGORIES_TOLD];
		if (digest16_eq(*slot, digest))
			return true;
		if (digest16_is_zero(*slot))
			break;
	}
	*slot = digest;
	return false;
}

static void add_member(struct strbuf *out, const char *name, struct str text)
{
	if (text.len == 0)
		return;
	strbuf_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
	json_write_text(text, out);
}

/* Where there is no room for it, the next product in it tells of it. */
static void tell(struct telling *telling, const struct path *path, size_t n)
{
	struct assembly *assembly = telling->assembly;
	struct str id = id_of(path, n, assembly->arena);
	struct strbuf data;

	if (*telling->n + 1 >= IMPORT_MESSAGES_MAX || was_told(assembly, id))
		return;
	strbuf_init(&data, 4096);
	strbuf_add_char(&data, '{');
	add_member(&data, "id", id);
	add_member(&data, "title", path->level[n - 1]);
	add_member(&data, "parent_id", n > 1 ? id_of(path, n - 1, assembly->arena) : STR(""));
	strbuf_add_char(&data, '}');
	telling->message[(*telling->n)++] =
		import_envelope("category.upserted", 0, strbuf_str(&data), assembly->arena);
	strbuf_release(&data);
}

static void add_path(struct telling *telling, const struct path *path)
{
	struct assembly *assembly = telling->assembly;
	struct str id;

	if (path->n == 0)
		return;
	id = id_of(path, path->n, assembly->arena);
	if (id.len > ID_BYTES_MAX)
		return;
	for (size_t n = 1; n <= path->n; n++)
		tell(telling, path, n);
	strbuf_add_text(&assembly->head, telling->open ? "," : ",\"categories\":[");
	json_write_text(id, &assembly->head);
	telling->open = true;
}

/* One "A > B"; Magento's root goes. */
static struct path read_path(struct assembly *assembly, struct str text)
{
	const struct row_product *product = &assembly->product;
	struct path path = { .n = 0 };

	if (product->slashes)
		(void)take_until(&text, product->level, assembly->arena);
	while (text.len && path.n < LEVELS_MAX) {
		struct str name = take_until(&text, product->level, assembly->arena);

		if (name.len)
			path.level[path.n++] = name;
	}
	return path;
}

void assembly_categories(struct assembly *assembly, struct import_message *message, size_t *n)
{
	struct telling telling = { .assembly = assembly, .message = message, .n = n };
	const char *between = assembly->product.slashes ? ",|" : ",";
	struct str rest = assembly->product.categories;

	while (rest.len) {
		struct path path;
		size_t len = 0;

		while (len < rest.len && (rest.p[len] == '\0' || !strchr(between, rest.p[len]) ||
					  (len && rest.p[len - 1] == '\\')))
			len++;
		path = read_path(assembly, str_of(rest.p, len));
		rest = str_skip(rest, len + 1);
		add_path(&telling, &path);
	}
	if (telling.open)
		strbuf_add_char(&assembly->head, ']');
}
