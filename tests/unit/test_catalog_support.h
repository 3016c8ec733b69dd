#ifndef PANNIER_TESTS_UNIT_TEST_CATALOG_SUPPORT_H
#define PANNIER_TESTS_UNIT_TEST_CATALOG_SUPPORT_H

/*
 * What the tests of src/catalog share: a root put together fact by fact, and merged.
 * Bodies are written with ' for " to be readable.
 */
#include "base/alloc.h"
#include "base/strbuf.h"
#include "catalog/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SUPPORT_MAX 64

struct support {
	struct arena arena;
	struct catalog_rules rules;
	struct root_fact fact[SUPPORT_MAX];
	struct root_entity entity[SUPPORT_MAX];
	struct root_sent sent[SUPPORT_MAX];
	struct catalog_root root;
	struct catalog_view view;
};

static inline struct catalog_rules support_rules(void)
{
	return (struct catalog_rules){
		.price_divisor = 1,
		.hold_without_price = true,
		.stock_unknown = 9999,
	};
}

/* root "product" or "category". Afterwards: support_fact ..., support_merge, support_close. */
static inline void support_open(struct support *support, enum entity_kind kind, const char *id)
{
	*support = (struct support){ .rules = support_rules() };
	arena_init(&support->arena);
	support->root.root = (struct entity){ kind, str_from(id) };
	support->root.fact = support->fact;
	support->root.entity = support->entity;
	support->root.sent = support->sent;
}

static inline void support_close(struct support *support)
{
	arena_release(&support->arena);
}

static inline struct str support_json(struct support *support, const char *text)
{
	char *copy = arena_cstr(&support->arena, str_from(text));

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return str_from(copy);
}

static inline void support_versioned(struct support *support, enum entity_kind kind, const char *id,
				     const char *part, int64_t version, int64_t seq, const char *body)
{
	assert_true(support->root.n_fact < SUPPORT_MAX);
	support->fact[support->root.n_fact++] = (struct root_fact){
		.entity = { kind, str_from(id) },
		.part = str_from(part),
		.version = version,
		.seq = seq,
		.body = support_json(support, body),
	};
}

/* Later calls are later messages. */
static inline void support_fact(struct support *support, enum entity_kind kind, const char *id,
				const char *part, const char *body)
{
	support_versioned(support, kind, id, part, 0, (int64_t)support->root.n_fact + 1, body);
}

static inline void support_deleted(struct support *support, enum entity_kind kind, const char *id)
{
	assert_true(support->root.n_entity < SUPPORT_MAX);
	support->entity[support->root.n_entity++] = (struct root_entity){ { kind, str_from(id) }, true };
	if (kind == support->root.root.kind && str_eq(str_from(id), support->root.root.id))
		support->root.deleted = true;
}

static inline const struct catalog_view *support_merge(struct support *support)
{
	catalog_merge(&support->rules, &support->root, &support->arena, &support->view);
	return &support->view;
}

/* got and want in the message. */
static inline void support_equal(struct str got, const char *want, const char *what)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("%s\n   got: %.*s\n  want: %s", what, STR_ARG(got), want);
}

static inline bool support_contains(struct str text, const char *part)
{
	size_t len = strlen(part);

	for (size_t i = 0; i + len <= text.len; i++)
		if (memcmp(text.p + i, part, len) == 0)
			return true;
	return false;
}

static inline struct str support_meta(const struct meta *meta, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(meta[i].name, str_from(name)))
			return meta[i].value;
	return (struct str){ 0 };
}

static inline struct str support_price(struct support *support, struct money price)
{
	struct str amount = money_text(price, &support->arena);

	return arena_printf(&support->arena, "%.*s %s", STR_ARG(amount), price.currency);
}

#endif
