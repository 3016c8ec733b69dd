/*
 * Feed: the catalog as Klaviyo reads it.
 *
 * Does:    walks through the store's products, merges each as for the API, and writes one row.
 * Keeps:   what is held back, unpublished or deleted is not in it; a field that Klaviyo needs is never blank.
 * Threads: one at a time for a store.
 */
#include "flow/feed.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/utf8.h"
#include "flow/flow_internal.h"

#include <stdlib.h>
#include <string.h>

#define WALK_MAX      100
#define ROW_BYTES_MAX ((size_t)1 << 20)
#define NOTHING	      "n/a" /* as Klaviyo's own integrations have it */
#define TOKEN_BYTES   16

static const struct {
	const char *name, *type, *begin, *between, *end;
} forms[] = {
	[FEED_JSON] = { "catalog.json", "application/json", "[", ",\n", "]\n" },
	[FEED_XML] = { "catalog.xml", "application/xml",
		       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Products>\n", "", "</Products>\n" },
};

const char *feed_form_name(enum feed_form form)
{
	return forms[form].name;
}

const char *feed_form_type(enum feed_form form)
{
	return forms[form].type;
}

bool feed_is_wanted(const struct settings_account *account)
{
	return str_eq(setting_text(account->value, SETTING_KEY_catalog_source), STR("feed"));
}

struct str feed_token(const struct settings *settings, const struct settings_store *store,
		      struct arena *arena)
{
	struct str label = arena_printf(arena, "catalog feed %lld %lld", (long long)store->id,
					(long long)setting_int(store->value, SETTING_KEY_feed_token_version));
	unsigned char digest[SHA256_BYTES];
	char hex[2 * TOKEN_BYTES + 1];

	settings_derive(settings, label, digest);
	hex_encode(digest, TOKEN_BYTES, hex);
	return arena_dup(arena, str_from(hex));
}

/* ---- names of categories ---- */

struct name {
	struct str external_id;
	struct str name;
};

struct names {
	struct arena arena;
	struct name *at; /* sorted */
	size_t n, capacity;
};

static int compare_names(const void *a, const void *b)
{
	return str_cmp(((const struct name *)a)->external_id, ((const struct name *)b)->external_id);
}

static void names_add(struct names *names, const struct catalog_category *category)
{
	if (names->n == names->capacity) {
		names->capacity = names->capacity ? names->capacity * 2 : 64;
		names->at = mem_resize(names->at, names->capacity * sizeof(*names->at));
	}
	names->at[names->n++] = (struct name){ arena_dup(&names->arena, category->external_id),
					       arena_dup(&names->arena, category->name) };
}

static struct str name_of(const struct names *names, struct str external_id)
{
	struct name key = { .external_id = external_id };
	const struct name *found =
		names->n ? bsearch(&key, names->at, names->n, sizeof(key), compare_names) : NULL;

	return found ? found->name : STR("");
}

/* ---- a row ---- */

struct row {
	enum feed_form form;
	struct strbuf text;
	struct arena *arena;
	const struct names *names;
	bool first;
};

/* What XML 1.0 has no place for is left out. */
static void add_xml(struct strbuf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '&')
			strbuf_add_text(out, "&amp;");
		else if (c == '<')
			strbuf_add_text(out, "&lt;");
		else if (c == '>')
			strbuf_add_text(out, "&gt;");
		else if (c == '"')
			strbuf_add_text(out, "&quot;");
		else if (c >= 0x20 || c == '\t' || c == '\n')
			strbuf_add_char(out, (char)c);
	}
}

static void begin_field(struct row *row, const char *name)
{
	if (row->form == FEED_XML)
		strbuf_addf(&row->text, "    <%s>", name);
	else
		strbuf_addf(&row->text, "%s\"%s\":", row->first ? "" : ",", name);
	row->first = false;
}

static void end_field(struct row *row, const char *name)
{
	if (row->form == FEED_XML)
		strbuf_addf(&row->text, "</%s>\n", name);
}

static void put_text(struct row *row, const char *name, struct str text)
{
	begin_field(row, name);
	if (row->form == FEED_XML)
		add_xml(&row->text, text);
	else
		json_write_text(text, &row->text);
	end_field(row, name);
}

/* A number as it stands. */
static void put_number(struct row *row, const char *name, struct str number)
{
	begin_field(row, name);
	strbuf_add_str(&row->text, number);
	end_field(row, name);
}

/* XML has them in one element, with commas: those within a name become blanks. */
static void put_categories(struct row *row, const struct catalog_item *item)
{
	size_t n = 0;

	begin_field(row, "categories");
	if (row->form == FEED_JSON)
		strbuf_add_char(&row->text, '[');
	for (size_t i = 0; i < item->n_category; i++) {
		struct str name = name_of(row->names, item->category_external_id[i]);
		char *text = arena_cstr(row->arena, name);

		if (name.len == 0)
			continue;
		if (n++ > 0)
			strbuf_add_char(&row->text, ',');
		if (row->form == FEED_JSON) {
			json_write_text(name, &row->text);
			continue;
		}
		for (size_t k = 0; k < name.len; k++)
			text[k] = text[k] == ',' ? ' ' : text[k];
		add_xml(&row->text, str_of(text, name.len));
	}
	if (row->form == FEED_JSON)
		strbuf_add_char(&row->text, ']');
	else if (n == 0)
		strbuf_add_text(&row->text, NOTHING);
	end_field(row, "categories");
}

static const char *const taken[] = { "id",
				     "title",
				     "link",
				     "description",
				     "image_link",
				     "categories",
				     "price",
				     "inventory_quantity",
				     "inventory_policy" };

/* "Care instructions" -> care_instructions; "": none of it can be a name, or it is one of ours. */
static struct str field_name(struct str name, struct arena *arena)
{
	char *text = arena_cstr(arena, name);
	size_t n = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + ('a' - 'A')) : text[i];
		bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';

		if (letter || (digit && n > 0))
			text[n++] = c;
		else if (n > 0 && text[n - 1] != '_')
			text[n++] = '_';
	}
	while (n > 0 && text[n - 1] == '_')
		n--;
	text[n] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (strcmp(text, taken[i]) == 0)
			return STR("");
	return str_of(text, n);
}

static void put_others(struct row *row, const struct catalog_item *item)
{
	struct str *done = ARENA_ARRAY(row->arena, item->n_meta + 1, struct str);
	size_t n = 0;

	for (size_t i = 0; i < item->n_meta; i++) {
		struct str name = field_name(item->meta[i].name, row->arena);
		bool again = name.len == 0 || item->meta[i].value.len == 0;

		for (size_t k = 0; k < n && !again; k++)
			again = str_eq(done[k], name);
		if (again)
			continue;
		done[n++] = name;
		put_text(row, arena_cstr(row->arena, name), item->meta[i].value);
	}
}

static struct str first_of(struct str a, struct str b)
{
	return str_trim(a).len > 0 ? a : b;
}

static void put_stock(struct row *row, const struct catalog_view *view)
{
	enum stock_policy policy = STOCK_HIDE_WHEN_OUT;
	int64_t quantity = 0;

	for (size_t i = 0; i < view->n_variant; i++) {
		if (!view->variant[i].published)
			continue;
		quantity += view->variant[i].quantity;
		if (view->variant[i].policy == STOCK_SHOW_ALWAYS)
			policy = STOCK_SHOW_ALWAYS;
	}
	put_number(row, "inventory_quantity", arena_printf(row->arena, "%lld", (long long)quantity));
	put_number(row, "inventory_policy", policy == STOCK_SHOW_ALWAYS ? STR("2") : STR("1"));
}

static void write_row(struct row *row, const struct catalog_view *view)
{
	const struct catalog_item *item = &view->item;

	strbuf_reset(&row->text);
	row->first = true;
	strbuf_add_text(&row->text, row->form == FEED_XML ? "  <Product>\n" : "{");
	put_text(row, "id", item->external_id);
	put_text(row, "title", first_of(item->title, item->external_id));
	put_text(row, "link", item->url);
	put_text(row, "description", first_of(item->description, first_of(item->title, item->external_id)));
	put_text(row, "image_link", first_of(item->image_url, STR(NOTHING)));
	if (item->has_price)
		put_number(row, "price", money_text(item->price, row->arena));
	put_categories(row, item);
	put_stock(row, view);
	put_others(row, item);
	strbuf_add_text(&row->text, row->form == FEED_XML ? "  </Product>\n" : "}");
}

/* ---- all of them ---- */

typedef bool feed_visit(void *arg, const struct catalog_view *view, struct arena *arena, struct err *err);

/* Where products begin, and categories: no id has that byte, which no UTF-8 has. */
static const struct entity first = { ENTITY_PRODUCT, STR_INIT("") };
static const struct entity behind_products = { ENTITY_PRODUCT, STR_INIT("\xff") };

/* Every root of the kind, merged. */
static bool walk(struct flow_ctx *ctx, const struct settings_store *store, enum entity_kind kind,
		 feed_visit *visit, void *arg, struct err *err)
{
	struct flow_account_facts facts = { 0 };
	struct flow_rules rules = flow_rules(store, &facts);
	struct entity after = kind == ENTITY_PRODUCT ? first : behind_products;
	struct arena arena, key;
	bool ok = true, more = true;

	arena_init(&arena);
	arena_init(&key);
	while (ok && more) {
		struct catalog_root *root;
		size_t n;

		arena_reset(&arena);
		ok = db_catalog_walk(ctx->db, store->id, after, WALK_MAX, &arena, &root, &n, err);
		more = ok && n > 0;
		for (size_t i = 0; ok && more && i < n; i++) {
			struct catalog_view view;

			more = root[i].root.kind == kind;
			if (!more)
				break;
			catalog_merge(&rules.catalog, &root[i], &arena, &view);
			ok = visit(arg, &view, &arena, err);
		}
		if (ok && more) {
			struct str id = root[n - 1].root.id;

			arena_reset(&key);
			after = (struct entity){ kind, arena_dup(&key, id) };
		}
	}
	arena_release(&key);
	arena_release(&arena);
	return ok;
}

static bool keep_name(void *arg, const struct catalog_view *view, struct arena *arena, struct err *err)
{
	(void)arena;
	(void)err;
	if (view->has_category)
		names_add(arg, &view->category);
	return true;
}

struct writing {
	struct row row;
	struct pack *pack;
	const struct settings_store *store;
	int64_t bytes_max;
	size_t n;
};

static bool write_one(void *arg, const struct catalog_view *view, struct arena *arena, struct err *err)
{
	struct writing *writing = arg;

	if (!view->has_item || !view->item.published || view->item.url.len == 0)
		return true;
	writing->row.arena = arena;
	write_row(&writing->row, view);
	if (writing->row.text.overflow)
		return true; /* larger than anything a shop says of one product */
	if (pack_bytes(writing->pack) + (int64_t)writing->row.text.len > writing->bytes_max)
		return err_set(
			err, ERR_TOO_LARGE,
			"the feed of store '%.*s' is larger than the %lld MB that Klaviyo reads, after %zu "
			"products: use the API instead (pannier account set %.*s catalog_source=api)",
			STR_ARG(writing->store->name), (long long)(writing->bytes_max / 1000000), writing->n,
			STR_ARG(writing->store->account->name));
	if (writing->n++ > 0 && !pack_add(writing->pack, str_from(forms[writing->row.form].between), err))
		return false;
	return pack_add(writing->pack, strbuf_str(&writing->row.text), err);
}

bool feed_write(struct flow_ctx *ctx, const struct settings_store *store, enum feed_form form,
		int64_t bytes_max, struct pack *pack, size_t *n, struct err *err)
{
	struct names names = { 0 };
	struct writing writing = {
		.row = { .form = form, .names = &names }, .pack = pack, .store = store, .bytes_max = bytes_max
	};
	bool ok;

	arena_init(&names.arena);
	strbuf_init(&writing.row.text, ROW_BYTES_MAX);
	ok = walk(ctx, store, ENTITY_CATEGORY, keep_name, &names, err);
	if (names.n > 0)
		qsort(names.at, names.n, sizeof(*names.at), compare_names);
	ok = ok && pack_add(pack, str_from(forms[form].begin), err) &&
	     walk(ctx, store, ENTITY_PRODUCT, write_one, &writing, err) &&
	     pack_add(pack, str_from(forms[form].end), err);
	*n = writing.n;
	strbuf_release(&writing.row.text);
	mem_free(names.at);
	arena_release(&names.arena);
	return ok;
}
